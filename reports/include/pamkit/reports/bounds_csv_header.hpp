#pragma once

#include <string_view>

namespace pamkit::reports {

/// The line of column names with which report.csv begins.
inline constexpr std::string_view bounds_csv_header =
    "operation,format,arithmetic,policy,domain,data,shape,metric,value,exact,operands,result,"
    "evidence,cases,seed,note\n";

}  // namespace pamkit::reports
