#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/properties/layer_case.hpp"
#include "pamkit/properties/layer_shape.hpp"

/// Tensor operations as `vectors`, `check` and the golden digests see them: functions of a fixed number of
/// encodings. A line has the operands in the order of the operation's inputs, each row-major, of a vjp
/// then a derivative for each output, and then the results, all in the format of the call (matrix products
/// and layers of binary32mN give binary32 sums). Classes and masks are words of eight digits.

namespace pamkit::properties {

/// A matrix product or a layer, or the vjp of one.
struct tensor_function {
  const layer_info* info = nullptr;  ///< of matmul and bmm too, which are no layers
  bool is_product = false;
  bool is_vjp = false;

  std::string name() const;
};

/// "matmul", "bmm_vjp", "softmax", ...
std::optional<tensor_function> find_tensor_function(std::string_view name);

/// All of them.
std::vector<tensor_function> tensor_functions();

/// What one backend has for it. Functions that were looked up through simd_backend() keep their
/// instruction set.
struct bound_function {
  contraction_function product[2] = {};  ///< of a vjp: with respect to a, and to b
  layer_function layer = nullptr;

  explicit operator bool() const { return product[0] != nullptr || layer != nullptr; }
};

/// False where the backend, or the arithmetic, has no such function.
bound_function bind_function(const tensor_function& f, const backend& b, std::string_view arithmetic,
                    derivative gradient);

/// Its results for operands in the format of `rules`, in that format. Throws std::invalid_argument as
/// pamkit::layer_function does.
std::vector<tensor> compute(const tensor_function& f, const bound_function& bound,
                          const configuration& rules, derivative gradient, const layer_case& c);

/// The shape of its operands for rows of this length: a dot product for matmul, softmax of one row of
/// `length` elements, and so on; `rows` of them where the operation takes several.
layer_shape row_shape(const tensor_function& f, std::int64_t rows, std::int64_t length);

/// What the cases of a stream are filled with, in turn. A list of its own: a content that the suite gains later
/// must not change the golden digests.
inline constexpr layer_content stream_contents[] = {
    layer_content::ordinary,    layer_content::spread, layer_content::weighted,
    layer_content::ties,        layer_content::tiny,   layer_content::huge,
    layer_content::one_special, layer_content::masked, layer_content::cancelling};

/// An endless supply of cases of one shape.
class tensor_stream {
 public:
  /// Of a vjp, `shape` has the inputs alone: the incoming derivatives have the shapes of the results of
  /// `forward`, the operation itself. Throws std::invalid_argument where the shape does not fit.
  tensor_stream(const tensor_function& f, const bound_function& forward,
                const configuration& rules, layer_shape shape, std::uint64_t seed);

  layer_case next();

 private:
  tensor make(std::size_t input, layer_content content);

  tensor_function function_;
  layer_shape shape_;
  std::vector<std::vector<std::int64_t>> incoming_;
  layer_case_source source_;
  std::uint64_t position_ = 0;
};

/// Whether operand `index` of a case holds words, not encodings: never so of an incoming derivative.
bool is_word_operand(const tensor_function& f, std::size_t index, std::size_t inputs);

/// Appends one line: operands, then results (none where `results` is empty).
void append_line(std::string& text, const tensor_function& f, const format_description& format,
                 const layer_case& c, const std::vector<tensor>& results);

}  // namespace pamkit::properties
