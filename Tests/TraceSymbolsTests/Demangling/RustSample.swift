/// A program with all kinds of Rust names.
enum RustSample {
  static let source = #"""
    #![allow(dead_code, mixed_script_confusables, uncommon_codepoints, non_snake_case)]
    use std::fmt::Display;
    pub mod geometry {
        pub struct Point<T>(pub T, pub T);
        impl<T: Copy + std::ops::Add<Output = T>> Point<T> {
            #[inline(never)] pub fn sum(&self) -> T { self.0 + self.1 }
        }
        pub trait Shape { fn area(&self) -> f64; fn name(&self) -> String { String::from("s") } }
        impl Shape for Point<f64> { #[inline(never)] fn area(&self) -> f64 { self.0 * self.1 } }
        impl<'a> Shape for &'a [u8] { #[inline(never)] fn area(&self) -> f64 { self.len() as f64 } }
    }
    use geometry::*;
    #[inline(never)] pub fn array<const N: usize, T: Copy>(x: [T; N]) -> usize { N + x.len() }
    #[inline(never)] pub fn flags<const B: bool, const C: char, const I: i8>() -> i32 {
      if B { C as i32 } else { I as i32 }
    }
    #[inline(never)] pub fn dynamic(x: &dyn Display) -> String { format!("{x}") }
    #[inline(never)] pub fn apply<F: FnMut(u32) -> u32>(mut f: F) -> u32 { f(3) }
    #[inline(never)] pub fn gen<T>(_: T) -> usize { std::mem::size_of::<T>() }
    #[inline(never)] pub fn größe(x: i32) -> i32 { x * 2 }
    mod たかはし { #[inline(never)] pub fn гоша() -> i32 { 5 } }
    extern "C" fn cfn(x: i32) -> i32 { x }
    fn main() {
        let p = Point(1.5, 2.5);
        let mut n = std::env::args().count() as u32;
        println!("{} {} {}", p.sum(), p.area(), Point(1i32, 2).sum());
        println!("{}", (&[1u8, 2][..]).area());
        println!("{} {}", array([1u8; 7]), array([0i64; 3]));
        println!("{} {}", flags::<true, 'ä', -3>(), flags::<false, '\'', 127>());
        println!("{}", dynamic(&n));
        println!("{}", apply(|x| { n += x; apply(|y| y + n) }));
        println!("{}", größe(n as i32) + たかはし::гоша());
        println!("{}", gen::<fn(i32, &str) -> u8>(|_, _| 1));
        println!("{}", gen::<unsafe extern "C" fn(i32) -> i32>(cfn));
        println!("{}", gen::<Box<dyn for<'a> Fn(&'a str) -> &'a str + Send>>(Box::new(|x| x)));
        println!("{}", gen::<Option<Box<dyn Iterator<Item = (u8, ())>>>>(None));
        println!("{}", gen::<(*const u8, *mut [i16], &mut (u64,), [[char; 2]; 3])>(
            (std::ptr::null(), &mut [], &mut (1,), [['a'; 2]; 3])));
        println!("{}", gen::<for<'a, 'b> fn(&'a u8, &'b mut u8, fn(&'a i128) -> &'b u128)>(
            |_, _, _| ()));
        let v: Vec<String> = vec!["a"; n as usize].iter().map(|s| s.to_uppercase()).collect();
        println!("{:?}", v);
    }
    """#
}
