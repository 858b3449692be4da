#include "pamkit/operators/gpu.hpp"

#include <ATen/Context.h>
#include <gtest/gtest.h>

namespace pamkit::operators::test {
namespace {

// Whether there is one or not.
TEST(Gpu, WhoLooksForOneGetsLibTorchsProductsOfWholeOperands) {
  const at::Context& torch = at::globalContext();
  ASSERT_TRUE(torch.allowTF32CuDNN())
      << "LibTorch's default is another one: this test shows nothing";
  const gpu_search found = find_gpu();
  EXPECT_EQ(found.name.empty(), !found.reason.empty());
  EXPECT_FALSE(torch.allowTF32CuDNN());
  EXPECT_FALSE(torch.allowTF32CuBLAS());
}

}  // namespace
}  // namespace pamkit::operators::test
