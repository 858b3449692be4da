#include <gtest/gtest.h>

#include "pamkit/machine_code/multiplications.hpp"

namespace pamkit::machine_code {
namespace {

using enum multiplying;

TEST(Classification, X86InstructionsThatMultiplyAreKnown) {
  const auto kind = [](const char* mnemonic) { return classify(architecture::x86_64, mnemonic); };
  for (const char* m : {"vfmadd231ps", "vfmadd132ss", "vfnmadd213pd", "vfmsub231ps", "vfnmsub132sd",
                        "vfmaddsub213ps", "vfmsubadd132pd", "vfmaddps", "vfnmaddss", "vfmadd231ph",
                        "vdpps", "dppd", "vdpbf16ps", "vfcmaddcph", "v4fmaddps"}) {
    EXPECT_EQ(kind(m), fused) << m;
  }
  for (const char* m : {"mulps", "mulss", "mulpd", "mulsd", "vmulps", "vmulss", "vmulph", "fmul",
                        "fmulp", "fimul", "vscalefps", "vfmulcph", "vmulpbf16"}) {
    EXPECT_EQ(kind(m), multiplication) << m;
  }
  for (const char* m : {"divps", "vdivss", "divsd", "fdivr", "fidiv", "rcpps", "vrcp14ps"}) {
    EXPECT_EQ(kind(m), division) << m;
  }
  for (const char* m : {"sqrtps", "vsqrtss", "rsqrtps", "vrsqrt14ps", "fsqrt"}) {
    EXPECT_EQ(kind(m), root) << m;
  }
  for (const char* m : {"pmulld", "vpmuludq", "vpmaddwd", "vpdpbusd", "vpmadd52luq"}) {
    EXPECT_EQ(kind(m), integer_vector) << m;
  }
}

TEST(Classification, X86InstructionsThatDoNotMultiplyAreLeftAlone) {
  for (const char* m :
       {"vaddps", "vpaddd",  "addss",  "vsubps",    "imul",     "mul",    "div",
        "idiv",   "vmovups", "vmaxps", "vcvtdq2ps", "cvtps2dq", "fadd",   "vpminsd",
        "vpermd", "fld",     "divq",   "vroundps",  "vpsrad",   "movdqa", "vfixupimmps"}) {
    EXPECT_EQ(classify(architecture::x86_64, m), none) << m;
  }
}

TEST(Classification, AarchInstructionsThatMultiplyAreKnown) {
  const auto kind = [](const char* mnemonic) { return classify(architecture::aarch64, mnemonic); };
  for (const char* m : {"fmla", "fmls", "fmadd", "fmsub", "fnmadd", "fnmsub", "fmlal", "fcmla"}) {
    EXPECT_EQ(kind(m), fused) << m;
  }
  for (const char* m : {"fmul", "fnmul", "fmulx"}) EXPECT_EQ(kind(m), multiplication) << m;
  for (const char* m : {"fdiv", "frecpe", "frecps"}) EXPECT_EQ(kind(m), division) << m;
  for (const char* m : {"fsqrt", "frsqrte"}) EXPECT_EQ(kind(m), root) << m;
  for (const char* m : {"fadd", "fsub", "madd", "mul", "fmov", "fmax", "fcmgt"}) {
    EXPECT_EQ(kind(m), none) << m;
  }
}

constexpr const char* kListing = R"(
x.o:     file format elf64-x86-64


Disassembly of section .text:

0000000000000000 <outer(int, long)>:
   0:	xor    eax,eax
   2:	rep stos QWORD PTR es:[rdi],rax
   5:	vaddps ymm0,ymm0,ymm1
   9:	jne    5 <outer(int, long)+0x5>
   b:	lock add DWORD PTR [rdi],0x1
   f:	jmp    0 <outer(int, long)>

0000000000000020 <other>:
  20:	vmulps ymm0,ymm0,YMMWORD PTR [rsi]
)";

TEST(Disassembly, FunctionsAndInstructionsAreRead) {
  const object_code code = read_disassembly("x.o", kListing);
  ASSERT_EQ(code.functions.size(), 2U);
  EXPECT_EQ(code.functions[0].name, "outer(int, long)");
  ASSERT_EQ(code.functions[0].instructions.size(), 6U);
  EXPECT_EQ(code.functions[0].instructions[1].mnemonic, "stos") << "prefixes are left out";
  EXPECT_EQ(code.functions[0].instructions[4].mnemonic, "add");
  EXPECT_EQ(code.functions[1].instructions[0].address, 0x20U);
  EXPECT_EQ(code.functions[1].instructions[0].operands, "ymm0,ymm0,YMMWORD PTR [rsi]");
}

TEST(Disassembly, OnlyInnermostLoopsAreTaken) {
  const auto loops = innermost_loops(read_disassembly("x.o", kListing).functions[0]);
  ASSERT_EQ(loops.size(), 1U);
  ASSERT_EQ(loops[0].size(), 2U);
  EXPECT_EQ(loops[0][0].mnemonic, "vaddps");
}

TEST(Disassembly, AnUnknownInstructionIsRefused) {
  std::string text = kListing;
  text += "  28:\t(bad)\n";
  EXPECT_THROW(read_disassembly("x.o", text), unreadable);
}

TEST(Disassembly, AnotherArchitectureIsRefused) {
  EXPECT_THROW(read_disassembly("x.o", "\nx.o:     file format elf32-i386\n"), unreadable);
}

}  // namespace
}  // namespace pamkit::machine_code
