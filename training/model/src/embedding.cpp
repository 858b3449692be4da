#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "pamkit/training/functions.hpp"

namespace pamkit::training {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kBlockRows = 128;

// Adds columns [begin, end) of one block of rows to the table's gradient. A table row without a row in the
// block would add +0, which changes no sum that started at +0. `block` is as large as the table and +0, and
// is left so.
void add_block(const float* d, const std::int64_t* ids, std::int64_t rows, std::int64_t columns,
               std::int64_t begin, std::int64_t end, float* block, float* gradient) {
  for (std::int64_t row = 0; row < rows; ++row) {
    float* const to = block + ids[row] * columns;
    const float* const from = d + row * columns;
    for (std::int64_t j = begin; j < end; ++j) to[j] += from[j];
  }
  for (std::int64_t row = 0; row < rows; ++row) {
    float* const from = block + ids[row] * columns;
    float* const to = gradient + ids[row] * columns;
    // The second row of the same id adds +0.
    for (std::int64_t j = begin; j < end; ++j) {
      to[j] += from[j];
      from[j] = 0;
    }
  }
}

class embedding_function : public torch::autograd::Function<embedding_function> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& table, const Tensor& ids) {
    const at::AutoDispatchBelowADInplaceOrView below;
    context->save_for_backward({ids});
    context->saved_data["rows"] = table.size(0);
    return at::embedding(table, ids);
  }

  static variable_list backward(AutogradContext* context, const variable_list& outputs) {
    const Tensor ids = context->get_saved_variables()[0].reshape({-1});
    const Tensor d = outputs[0].reshape({ids.size(0), -1});
    return {embedding_gradient(d, ids, context->saved_data["rows"].toInt()), {}};
  }
};

}  // namespace

at::Tensor embedding_gradient(const at::Tensor& d, const at::Tensor& ids,
                              std::int64_t table_rows) {
  const Tensor rows = d.contiguous();
  const Tensor places = ids.contiguous();
  const std::int64_t columns = rows.size(1);
  Tensor gradient = at::zeros({table_rows, columns}, rows.options());
  Tensor block = at::zeros({table_rows, columns}, rows.options());
  const float* const from = rows.const_data_ptr<float>();
  const std::int64_t* const id = places.const_data_ptr<std::int64_t>();
  float* const blocks = block.mutable_data_ptr<float>();
  float* const to = gradient.mutable_data_ptr<float>();
  at::parallel_for(0, columns, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t first = 0; first < rows.size(0); first += kBlockRows) {
      const std::int64_t count = std::min(kBlockRows, rows.size(0) - first);
      add_block(from + first * columns, id + first, count, columns, begin, end, blocks, to);
    }
  });
  return gradient;
}

at::Tensor ordered_embedding(const at::Tensor& table, const at::Tensor& ids) {
  return embedding_function::apply(table, ids);
}

}  // namespace pamkit::training
