import Foundation
import TestSupport
import Testing

@testable import TraceSymbols

/// Rust's current mangling, in the form of Rust's tools.
@Suite(.randomized) struct RustNameTests {
  /// Names from RFC 2603, and from programs compiled by rustc 1.95.
  @Test(arguments: [
    ("_RNvC7mycrate3foo", "mycrate::foo"),
    ("_RNvCs1234_7mycrate3foo", "mycrate::foo"),
    ("_RNvNtNtCs1234_7mycrate3foo3bar3baz", "mycrate::foo::bar::baz"),
    ("_RINvNtC3std3mem8align_ofdE", "std::mem::align_of::<f64>"),
    (
      "_RNvMNtCsd2pkCS1BQMS_1s8geometryINtB2_5PointdE3sumB4_", "<s::geometry::Point<f64>>::sum"
    ),
    (
      "_RNvXs_NtCs_1s8geometryINtB4_5PointdENtB4_5Shape4area",
      "<s::geometry::Point<f64> as s::geometry::Shape>::area"
    ),
    ("_RNvYNtC1a1bNtC1c1d1e", "<a::b as c::d>::e"),
    ("_RNCNvCs_1s4main0", "s::main::{closure#0}"),
    ("_RNCNvCs_1s4mains_0", "s::main::{closure#1}"),
    ("_RNCNCNvC1s4mains_00", "s::main::{closure#1}::{closure#0}"),
    ("_RNSNvC1s4call6vtable", "s::call::{shim:vtable#0}"),
    ("_RNvCs_1su9gre_6ka8i", "s::größe"),
    (
      "_RNqCs4fqI2P2rA04_11utf8_identsu30____7hkackfecea1cbdathfdh9hlq6y",
      "utf8_idents::საჭმელად_გემრიელი_სადილი"
    ),
    ("_RNvC1s3_12f", "s::12f"),
    ("_RNvC1s3foo.llvm.123", "s::foo"), ("_RNvC1s3foo$tlv$init", "s::foo"),
    // A generic function, and the crate in which it was instantiated.
    ("_RINvC1s5applyNCNvB2_4main0EC4user", "s::apply::<s::main::{closure#0}>"),
    ("_RINvC1s3genuECs_3foo", "s::gen::<()>"),
  ])
  func names(raw: String, display: String) {
    #expect(Demangler.displayName(raw).display == display)
  }

  @Test(
    arguments: [
      ("RShE", "&[u8]"), ("QeE", "&mut str"), ("RL_eE", "&str"), ("PhE", "*const u8"),
      ("OSsE", "*mut [i16]"), ("AAcj2_j3_E", "[[char; 2]; 3]"), ("TEE", "()"), ("TyEE", "(u64,)"),
      ("TabEE", "(i8, bool)"), ("FlReEhE", "fn(i32, &str) -> u8"), ("FEuE", "fn()"),
      ("FUKClEzE", "unsafe extern \"C\" fn(i32) -> !"),
      ("FK13system_unwindEuE", "extern \"system-unwind\" fn()"),
      ("FG_RL0_hEuE", "for<'a> fn(&'a u8)"),
      ("FG0_RL1_hQL0_hEuE", "for<'a, 'b> fn(&'a u8, &'b mut u8)"),
      ("DNtC1a1TEL_E", "dyn a::T"), ("DNtC1a1TNtC1a4SendEL_E", "dyn a::T + a::Send"),
      ("DINtC1a1ThEp4ItemlEL_E", "dyn a::T<u8, Item = i32>"),
      ("DNtC1a1Tp4ItemlEL_E", "dyn a::T<Item = i32>"),
      ("DG_INtC1a1FRL0_eEEL_E", "dyn for<'a> a::F<&'a str>"),
      ("Kj7_E", "7"), ("Kan3_E", "-3"), ("Kb1_E", "true"), ("Kc41_E", "'A'"), ("Kc27_E", "'\\''"),
      ("Kce4_E", "'ä'"), ("Kca_E", "'\\n'"), ("KpE", "_"),
      ("Kjffffffffffffffff_E", "18446744073709551615"),
      ("Ko123456789abcdef01_E", "0x123456789abcdef01"), ("KRe6869_E", "\"hi\""),
      ("Ke6869_E", "{*\"hi\"}"),
      ("KAh1_h2_EE", "{[1, 2]}"), ("KTh1_EE", "{(1,)}"), ("KRh1_E", "{&1}"),
      ("KVNtNtNtC4core6option6Option4NoneUE", "{core::option::Option::None}"),
      ("KVNtC1a4SomeTj1_EE", "{a::Some(1)}"), ("KVNtC1a1PS1xj1_s_1yj2_EE", "{a::P { x: 1, y: 2 }}"),
      ("L_E", "'_"), ("pE", "_"),
    ])
  func genericArguments(raw: String, display: String) {
    #expect(RustName.demangle("_RINvC1s1f" + raw) == "s::f::<\(display)>")
  }

  @Test(arguments: [
    "_R", "_RN", "_RNvC1s", "_RNvC1s3fo", "_RNvC1s3foo!", "_R0NvC1s3foo", "_Rnot", "_RNvB_3foo",
    "_RNvC99999999999999999999a", "_RNvC1su1-", "_RINvC1s1fKb2_E", "_RINvC1s1fKcd800_E",
    "_RINvC1s1fRL1_hE", "_RINvC1s1fKa_x", "_RINvC1s1fKhG_E", "_RNvCszzzzzzzzzzzzzzzz_1s1f",
    "_RNvC1s3foo.ä",
  ])
  func noNames(raw: String) { #expect(Demangler.displayName(raw) == DisplayName(raw)) }

  /// A short name that expands to gigabytes, and deeply nested ones.
  @Test func whatGrowsOutOfMeasureStaysRaw() {
    var doubling = "_RINvC1s1fT"
    var target = doubling.utf8.count - 2
    doubling += "hhE"
    for _ in 0..<60 {
      let start = doubling.utf8.count - 2
      let reference = "B" + base62(target)
      doubling += "T\(reference)\(reference)E"
      target = start
    }
    #expect(RustName.demangle(doubling + "E") == nil)
    #expect(RustName.demangle("_RINvC1s1f" + String(repeating: "R", count: 4000) + "hE") == nil)
    #expect(RustName.demangle("_R" + String(repeating: "Nv", count: 5000) + "C1s1f") == nil)
    let deep = String(repeating: "R", count: 100)
    #expect(
      RustName.demangle("_RINvC1s1f\(deep)hE") == "s::f::<\(String(repeating: "&", count: 100))u8>")
    // A reference to itself.
    #expect(RustName.demangle("_RINvC1s1fTB8_EE") == nil)
  }

  private func base62(_ value: Int) -> String {
    guard value > 0 else { return "_" }
    let letters = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    var rest = value - 1
    var text = ""
    repeat {
      text.insert(letters[rest % 62], at: text.startIndex)
      rest /= 62
    } while rest > 0
    return text + "_"
  }

  /// For any bytes, there is a result of bounded length.
  @Test func changedNames() {
    var random = SeededGenerator()
    let seeds = [
      "_RNvXs_NtCs_1s8geometryINtB4_5PointdENtB4_5Shape4area",
      "_RINvC1s1fDG_INtC1a1FRL0_eEp4ItemTB2_FUKClEzAAcj2_j3_EEL_KVNtC1a1PS1xj1_s_1yRe6869_EE",
      "_RNvNtCs_1su30____7hkackfecea1cbdathfdh9hlq6y3bar",
    ].map { Array($0.utf8) }
    let letters = Array("BCDEFGIKLMNOPQRSTUVXYabcehjlopsuvxyz0123456789_".utf8)
    for round in 0..<6000 {
      var bytes = seeds[round % seeds.count]
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 2..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = letters.randomElement(using: &random)!
        case 1: bytes.insert(letters.randomElement(using: &random)!, at: place)
        default: if bytes.count > 4 { bytes.remove(at: place) }
        }
      }
      let name = RustName.demangle(String(decoding: bytes, as: UTF8.self))
      #expect(name.map { $0.utf8.count <= SymbolLimits.nameLength } ?? true)
    }
  }

  @Test(
    .needs(.program("llvm-cxxfilt"), .program("rustc"), .program("nm")),
    arguments: [[], ["-O"]])
  func llvmShowsTheSame(flags: [String]) throws {
    let directory = NSTemporaryDirectory() + "rust-names-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let source = directory + "/sample.rs"
    try RustSample.source.write(toFile: source, atomically: false, encoding: .utf8)
    let program = directory + "/sample"
    let options = ["-C", "symbol-mangling-version=v0", "-A", "warnings", "-o", program, source]
    _ = try #require(Tool.output("rustc", flags + options))
    let symbols = try #require(Tool.output("nm", program))
    let names = Set(symbols.split(separator: "\n").compactMap { $0.split(separator: " ").last })
      .filter { $0.hasPrefix("_R") && !$0.contains(".") && !$0.contains("$") }.sorted()
    #expect(names.count > 300)
    let text = try #require(
      Tool.output("llvm-cxxfilt", [], input: names.joined(separator: "\n") + "\n"))
    let shown = text.split(separator: "\n")
    try #require(shown.count == names.count)
    // LLVM writes letters beyond ASCII as numbers.
    for (name, display) in zip(names, shown) where display != name && !display.contains("\\u{") {
      #expect(Demangler.displayName(String(name)).display == String(display))
    }
  }
}
