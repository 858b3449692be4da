#pragma once

#include <cstdint>
#include <string>

#include "pamkit/format/any_format.hpp"

namespace pamkit::proofs {

/// The operations that integer_form.smt2 defines: "mul", "div", "mul_da".
inline constexpr const char* linked_operations[] = {"mul", "div", "mul_da"};

/// A script, without its prelude, that asks whether the definition in SMT-LIB and this program's
/// backends give different encodings on any of `count` directed cases under every policy, with and
/// without compensation. It has the same three questions as a statement; its mutant is one result
/// that is off by one.
std::string link_script(const std::string& operation, const any_format& format, std::uint64_t seed,
                        std::size_t count);

}  // namespace pamkit::proofs
