/// The script and the style of a flame graph. Neither has a part that comes from a trace.
enum FlameScript {
  static let style: StaticString = """
    text{font:12px ui-monospace,Menlo,Consolas,monospace;fill:#1d1d1f;pointer-events:none}
    .title{font:600 17px system-ui,sans-serif}.note{fill:#6e6e73;font:12px system-ui,sans-serif}
    .box{cursor:pointer}.box rect{stroke:#fff;stroke-width:.5;rx:1.5}
    .box:hover rect{stroke:#1d1d1f;stroke-width:1}.dim rect{opacity:.45}
    .found rect{fill:#b14dff}.found text{fill:#fff}.button{cursor:pointer;pointer-events:all}
    """

  /// Zooms into the box that is clicked, and searches. Sizes are in the attributes of the boxes:
  /// data-x and data-w as shares of the whole, data-d the depth.
  static let code: StaticString = """
    'use strict';
    const svg=document.documentElement,boxes=[...document.querySelectorAll('.box')],W=1180,L=10;
    const info=document.getElementById('info'),clear=document.getElementById('clear');
    const reset=document.getElementById('reset');
    const of=g=>({x:+g.dataset.x,w:+g.dataset.w,d:+g.dataset.d});
    function draw(g,x,w){const r=g.querySelector('rect'),t=g.querySelector('text');
     r.setAttribute('x',x);r.setAttribute('width',Math.max(w,.1));
     const n=g.dataset.n,c=Math.floor((w-6)/7.25);t.setAttribute('x',x+3);
     t.textContent=c<3?'':n.length<=c?n:n.slice(0,c-1)+'\\u2026';}
    function zoom(top){const z=of(top),e=1e-9;reset.style.display=z.d?'':'none';
     for(const g of boxes){const b=of(g);
      const inside=b.d>=z.d&&b.x>=z.x-e&&b.x+b.w<=z.x+z.w+e;
      const below=b.d<z.d&&b.x<=z.x+e&&b.x+b.w>=z.x+z.w-e;
      g.style.display=inside||below?'':'none';g.classList.toggle('dim',below);
      if(below)draw(g,L,W);else if(inside)draw(g,L+(b.x-z.x)/z.w*W,b.w/z.w*W);}}
    function find(word){let p=null,sum=0,end=-1;if(word){try{p=new RegExp(word,'i')}
     catch(x){info.textContent='not a regular expression: '+word;return}}
     const hits=[];for(const g of boxes){const hit=p&&p.test(g.dataset.n);
      g.classList.toggle('found',!!hit);if(hit)hits.push(of(g));}
     hits.sort((a,b)=>a.x-b.x||b.w-a.w);
     for(const b of hits)if(b.x+b.w>end+1e-9){sum+=b.x+b.w-Math.max(b.x,end);end=b.x+b.w;}
     info.textContent=p?hits.length+' boxes match, '+(sum*100).toFixed(1)+' %':'';
     clear.style.display=p?'':'none';}
    for(const g of boxes){g.addEventListener('click',()=>zoom(g));
     g.addEventListener('mouseover',()=>{info.textContent=g.querySelector('title').textContent});}
    reset.addEventListener('click',()=>zoom(boxes[0]));
    clear.addEventListener('click',()=>find(''));
    const ask=()=>{const w=prompt('Functions that match (regular expression):','');
     if(w!==null)find(w)};
    document.getElementById('search').addEventListener('click',ask);
    addEventListener('keydown',e=>{if((e.ctrlKey||e.metaKey)&&e.key==='f'||e.key==='/'){
     e.preventDefault();ask()}else if(e.key==='Escape'){zoom(boxes[0]);find('')}});
    zoom(boxes[0]);if(location.hash.length>1)find(decodeURIComponent(location.hash.slice(1)));
    """
}
