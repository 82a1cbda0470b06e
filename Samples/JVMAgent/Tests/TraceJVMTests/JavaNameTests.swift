import Testing

@testable import TraceJVM

@Suite struct JavaNameTests {
  @Test(arguments: [
    ("Ljava/util/HashMap;", "java.util.HashMap"),
    ("LMain;", "Main"),
    ("LMain$$Lambda.0x0000000800c8c400;", "Main$$Lambda/0x0000000800c8c400"),
    ("[[I", "int[][]"),
    ("[Ljava/lang/String;", "java.lang.String[]"),
    ("", ""),
  ])
  func classNames(signature: String, name: String) {
    #expect(JavaName.ofClass(signature: signature) == name)
  }
}
