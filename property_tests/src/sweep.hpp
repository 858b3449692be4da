#pragma once

#include "suite_context.hpp"

namespace pamkit::properties {

/// Whether a backend's results are compared with the golden model on every operand (pair) there is,
/// by integers, in parts: at level exhaustive
///  - mul and div of 8- and 16-bit formats: every pair;
///  - exp2, log2, exp, log, sqrt of binary32: every operand;
///  - pow and the slopes of 16-bit formats, and the unary slopes of binary32: under the default
///    policies.
///
/// Some kinds of row are sampled instead, because their code is that of a row which is swept:
///  - the unary operations and pow take no part in compensation: those of pam:ALPHA are pam's;
///  - binary32m23 is binary32;
///  - `exact` and `adder` never flush: swept under `flush`, by the scalar backend with infinity
///    alone, and so are the exp2, log2, exp and log of `exact`, which the C library computes;
///  - pam has the same last step as pam:ALPHA, l_mul and power_of_two: vector backends are swept under
///    all four pairs of policies for it, for the others with flush and infinity, and with gradual and
///    saturate; the scalar backend with flush and infinity, and pam's mul and div with gradual and
///    saturate too.
bool is_swept(const suite_context& context, const setting& s, const operation_info& operation,
              const backend& b);

/// Adds the tasks of a sweep of the settings of one operation of one arithmetic and format.
void add_sweep(suite_context& context, const arithmetic_choice& arithmetic,
               const operation_info& operation, const any_format& format);

}  // namespace pamkit::properties
