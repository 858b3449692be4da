#include <gtest/gtest.h>

#include "suite_tests.hpp"

int main(int argc, char** argv) {
  pamkit::properties::register_suite_tests();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
