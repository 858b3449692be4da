#pragma once

#include <string>
#include <string_view>

#include "error_page/report_view.hpp"

/// How the page writes numbers: as many digits as are known, encodings in hexadecimal with their
/// fields.

namespace pamkit::reports {

/// `digits` significant digits.
std::string number(double value, int digits);

/// 8388608 as "8 388 608", with narrow no-break spaces; large powers of two as such.
std::string grouped(std::uint64_t n);

/// The value of a bound with the digits that it has: 10 where every case entered; of a sample's
/// extreme 6, with the side on which the true one lies; of a sample's other numbers one digit more
/// than a standard error of 1 / sqrt(cases) leaves certain, 4 at least.
std::string value_html(const bound_row& row);

/// The exact fraction where it says more than the decimal, else empty; those of wide operands are
/// as long as these.
std::string short_fraction(const bound_row& row);

/// A label that says by its word how a number is known.
std::string evidence_label(std::string_view evidence);

/// 3FC00000 0|7F|400000
std::string encoding_html(const format_description& format, std::string_view hex);

/// 3FC00000, its fields, and the value +1.5 x 2^0.
std::string decoded_html(const format_description& format, std::string_view hex);

}  // namespace pamkit::reports
