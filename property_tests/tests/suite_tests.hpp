#pragma once

namespace pamkit::properties {

/// Registers one test for each statement and arithmetic ("statements_quick"), for each operation
/// and arithmetic against the golden model ("golden_quick"), and for every encoding of the small
/// formats under every policy
/// ("every_encoding_standard"). The names are sentences.
void register_suite_tests();

}  // namespace pamkit::properties
