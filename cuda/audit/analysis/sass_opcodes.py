"""The opcodes of machine code, by what they do: what ptxas makes of the kernels for any of the three architectures, and every
opcode that is known to multiply, made or not. NVIDIA documents them by name only. One that stands nowhere here might multiply,
or write what the analysis does not see, and is refused."""

import re

FUSED_PRODUCTS = {"FFMA", "FFMA2", "FFMA32I", "UFFMA", "HFMA2", "HFMA2_32I", "DFMA"}
# MUFU has reciprocals, roots and exponentials.
FLOAT_PRODUCTS = FUSED_PRODUCTS | {"FMUL", "FMUL2", "FMUL32I", "UFMUL", "HMUL2", "HMUL2_32I", "DMUL", "MUFU"}
INTEGER_PRODUCTS = {"IMAD", "IMAD32I", "IMUL", "IMUL32I", "UIMAD", "UIMUL", "VIMAD", "XMAD"}
# Of tensors, and sums of four or two products of integers.
_TENSOR = re.compile(r"(H|I|D|Q|O|B|UTC\w*)G?MMA|IDP|IDP[42]A")

FLOAT_SUMS = {"FADD", "FADD2"}  # the latter is a pair
_INTEGER_SUMS = {"IADD3", "UIADD3", "VIADD", "LEA", "ULEA"}  # LEA shifts what it adds
_BITS = {"LOP3", "ULOP3", "SHF", "USHF", "PRMT", "UPRMT", "FLO", "PLOP3", "UPLOP3"}
_COMPARISONS = {"ISETP", "UISETP", "FSETP", "IMNMX", "VIMNMX", "VIMNMX3", "VIADDMNMX", "FMNMX", "SEL", "USEL", "FSEL"}
_CONVERSIONS = {"I2F", "F2I", "FRND"}
_MOVES = {"MOV", "UMOV", "CS2R", "S2R", "S2UR", "LDC", "LDCU", "ULDC", "P2R", "B2R"}  # of constants and parameters too
LOADS = {"LDG", "LDS", "LDL", "SHFL"}  # from memory, or from another thread

STORES = {"STG", "STS", "STL"}
JUMPS = {"BRA", "EXIT", "BSYNC", "RET", "CALL"}
COMPUTED_JUMPS = {"BRX", "BRXU", "JMP", "JMX", "JMXU"}  # none of which is made
_CONTROL = {"BAR", "NOP", "BSSY", "BREAK", "WARPSYNC", "ENDCOLLECTIVE"}

# What writes no register.
WITHOUT_TARGET = STORES | JUMPS | COMPUTED_JUMPS | _CONTROL
_KNOWN = (
    FLOAT_PRODUCTS | INTEGER_PRODUCTS | FLOAT_SUMS | _INTEGER_SUMS | _BITS | _COMPARISONS | _CONVERSIONS | _MOVES | LOADS | WITHOUT_TARGET
)


def is_tensor(name):
    return _TENSOR.fullmatch(name) is not None


_COMPUTING = FLOAT_PRODUCTS | INTEGER_PRODUCTS | FLOAT_SUMS


def computes(opcode):
    """Whether an instruction is one that multiplies, adds floats, or flushes subnormals."""
    name = opcode[0]
    return name in _COMPUTING or "FTZ" in opcode or is_tensor(name)


def is_known(name):
    return name in _KNOWN or is_tensor(name)
