import Foundation
import TestSupport
import Testing

@testable import minivm

/// Each instruction that the assembler writes is decoded by binutils as expected.
@Suite struct AssemblerTests {
  private typealias Emit = @Sendable (Assembler) -> Void

  private static func memory(_ base: NativeRegister, _ offset: Int) -> Assembler.Memory {
    Assembler.Memory(base: base, offset: offset)
  }

  private static let instructions: [([String], Emit)] = [
    (["push rbp"], { $0.push(.rbp) }),
    (["push r12"], { $0.push(.r12) }),
    (["pop rbx"], { $0.pop(.rbx) }),
    (["pop r15"], { $0.pop(.r15) }),
    (["mov rbp,rsp"], { $0.move(.rbp, .rsp) }),
    (["mov r12,rdi"], { $0.move(.r12, .rdi) }),
    (["mov rax,r14"], { $0.move(.rax, .r14) }),
    (["mov rax,QWORD PTR [rbx+0x8]"], { $0.load(.rax, memory(.rbx, 8)) }),
    (["mov r13,QWORD PTR [r12+0x28]"], { $0.load(.r13, memory(.r12, 40)) }),
    (["mov rcx,QWORD PTR [rsp-0x8]"], { $0.load(.rcx, memory(.rsp, -8)) }),
    (["mov rdx,QWORD PTR [rbp+0x7f]"], { $0.load(.rdx, memory(.rbp, 127)) }),
    (["mov rdx,QWORD PTR [r13+0x80]"], { $0.load(.rdx, memory(.r13, 128)) }),
    (["mov r9,QWORD PTR [r12-0x81]"], { $0.load(.r9, memory(.r12, -129)) }),
    (["mov QWORD PTR [rbx+0x0],rax"], { $0.store(memory(.rbx, 0), .rax) }),
    (["mov QWORD PTR [r12+0x1000],r15"], { $0.store(memory(.r12, 4096), .r15) }),
    (["lea rsi,[rbx+0x18]"], { $0.loadAddress(.rsi, memory(.rbx, 24)) }),
    (["lea rax,[rax+0x1]"], { $0.loadAddress(.rax, memory(.rax, 1)) }),
    (["mov edx,0x7"], { $0.load(.rdx, immediate: 7) }),
    (["mov r14d,0xffffffff"], { $0.load(.r14, immediate: 0xffff_ffff) }),
    (["movabs r15,0xfffa000000000000"], { $0.load(.r15, immediate: 0xfffa << 48) }),
    (["movabs rcx,0x100000000"], { $0.load(.rcx, immediate: 1 << 32) }),
    (["mov QWORD PTR [rbp-0x30],0x1"], { $0.store(memory(.rbp, -48), immediate: 1) }),
    (["add rax,rcx"], { $0.calculate(.add, .rax, .rcx) }),
    (["sub rdx,r15"], { $0.calculate(.subtract, .rdx, .r15) }),
    (["or rax,r15"], { $0.calculate(.or, .rax, .r15) }),
    (["and rax,rcx"], { $0.calculate(.and, .rax, .rcx) }),
    (["xor r8,r9"], { $0.calculate(.xor, .r8, .r9) }),
    (["cmp rcx,r14"], { $0.calculate(.compare, .rcx, .r14) }),
    (["cmp rsp,QWORD PTR [r12+0x10]"], { $0.compare(.rsp, memory(.r12, 16)) }),
    (["cmp QWORD PTR [r12+0x20],0x0"], { $0.compare(memory(.r12, 32), immediate: 0) }),
    (["cmp rax,0x2"], { $0.compare(.rax, immediate: 2) }),
    (["cmp r11,0xffffffffffffffff"], { $0.compare(.r11, immediate: -1) }),
    (["shl rax,0x10"], { $0.shiftLeft(.rax, 16) }),
    (["shr rdx,0x30"], { $0.shiftRight(.rdx, 48) }),
    (["sar r10,0x10"], { $0.shiftRightSigned(.r10, 16) }),
    (["imul rax,rcx"], { $0.multiply(.rax, .rcx) }),
    (["imul r8,rdx"], { $0.multiply(.r8, .rdx) }),
    (["cqo", "idiv rcx"], { $0.divide(by: .rcx) }),
    (["inc DWORD PTR [rcx]"], { $0.incrementCounter(at: .rcx) }),
    (["dec DWORD PTR [rcx]"], { $0.decrementCounter(at: .rcx) }),
    (["mov ecx,DWORD PTR [rdi+0x4]"], { $0.load32(.rcx, memory(.rdi, 4)) }),
    (["movzx ecx,WORD PTR [rdi+0x2]"], { $0.load16(.rcx, memory(.rdi, 2)) }),
    (["movzx edx,BYTE PTR [rdi+0x1]"], { $0.load8(.rdx, memory(.rdi, 1)) }),
    (["mov rax,QWORD PTR [rdi+rcx*8+0x8]"], { $0.loadElement(.rax, .rdi, .rcx, offset: 8) }),
    (["mov QWORD PTR [rdi+rcx*8+0x8],rax"], { $0.storeElement(.rdi, .rcx, offset: 8, .rax) }),
    (["movzx ecx,BYTE PTR [rdx+rcx*1+0x0]"], { $0.loadByte(.rcx, .rdx, .rcx) }),
    (["call QWORD PTR [r13+0x320]"], { $0.call(memory(.r13, 800)) }),
    (["call QWORD PTR [r12+0x38]"], { $0.call(memory(.r12, 56)) }),
    (["call rax"], { $0.callResult() }),
    (["setl al", "movzx eax,al"], { $0.setResult(.less) }),
    (["test eax,eax"], { $0.testResult() }),
    (["ret"], { $0.return() }),
    (["movq xmm0,rax"], { $0.move(.xmm0, .rax) }),
    (["movq xmm1,rcx"], { $0.move(.xmm1, .rcx) }),
    (["movq rax,xmm0"], { $0.move(.rax, .xmm0) }),
    (["addsd xmm0,xmm1"], { $0.calculate(.add) }),
    (["mulsd xmm0,xmm1"], { $0.calculate(.multiply) }),
    (["subsd xmm0,xmm1"], { $0.calculate(.subtract) }),
    (["divsd xmm0,xmm1"], { $0.calculate(.divide) }),
    (["ucomisd xmm1,xmm0"], { $0.compareFloats() }),
  ]

  @Test(.needs(.program("objdump")))
  func objdumpReadsWhatIsMeant() throws {
    let code = Assembler(capacity: 4096)
    for (_, emit) in Self.instructions { emit(code) }
    #expect(!code.isFull)
    let directory = TemporaryDirectory()
    let path = directory.path + "/code"
    try Foundation.Data(code.finish()).write(to: URL(fileURLWithPath: path))
    let text = try ChildProcess.output(
      of: "objdump",
      ["-D", "-b", "binary", "-mi386:x86-64", "-M", "intel", "--no-show-raw-insn", path])
    let lines = text.split(separator: "\n").filter { $0.contains(":\t") }.map {
      $0.split(separator: "\t", maxSplits: 1)[1].split(separator: " ").joined(separator: " ")
    }
    #expect(lines == Self.instructions.flatMap(\.0))
  }

  /// Jumps forward and backward are relative to the next instruction.
  @Test func jumpsLeadToTheirLabels() {
    let code = Assembler(capacity: 256)
    let (start, end) = (code.newLabel(), code.newLabel())
    code.place(start)
    code.jump(.equal, end)
    code.jump(start)
    code.return()
    code.place(end)
    code.return()
    #expect(
      Array(code.finish()) == [
        0x0f, 0x84, 6, 0, 0, 0, 0xe9, 0xf5, 0xff, 0xff, 0xff, 0xc3, 0xc3,
      ])
    #expect(code.offset(of: end) == 12)
    code.reset()
    #expect(code.finish().isEmpty)
  }

  /// Code that does not fit is not written, which is reported.
  @Test func whatDoesNotFit() {
    let code = Assembler(capacity: 64)
    for _ in 0..<100 { code.load(.rax, immediate: .max) }
    #expect(code.isFull)
    #expect(code.finish().count <= 64)
  }
}
