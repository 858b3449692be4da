#include <algorithm>
#include <map>
#include <string_view>

#include "operator_record.hpp"

/// How many products and quotients an operator's definition has.

namespace pamkit::training {
namespace {

double elements(const at::Tensor& t) { return t.defined() ? static_cast<double>(t.numel()) : 0; }

double extent(const at::Tensor& t, std::int64_t axis) { return static_cast<double>(t.size(axis)); }

double rows(const at::Tensor& t) {
  return t.dim() == 0 || t.size(-1) == 0 ? 1 : elements(t) / extent(t, -1);
}

// --- Sums of products
// -------------------------------------------------------------------------------

std::string without_format(const std::string& arithmetic) {
  return arithmetic.substr(0, arithmetic.find('/'));
}

operator_work sum_of_products(double terms, const std::string& arithmetic, bool is_vjp) {
  operator_work w{.terms = terms, .additions = terms, .arithmetic = arithmetic};
  const std::string name = without_format(arithmetic);
  if (name == "exact") {
    w.multiplications = terms;
    w.reason = {"ordinary products", scope::matmul};
  } else if (name == "adder" && is_vjp) {
    w.multiplications = terms;
    w.reason = {"AdderNet's derivatives are products with differences"};
  }
  return w;
}

// Terms of each output place of a convolution.
double terms_of_place(const at::Tensor& weight) { return elements(weight) / extent(weight, 0); }

using work_function = std::optional<operator_work> (*)(const operator_event&);

std::optional<operator_work> plain_product(const operator_event& e) {
  const std::string a = e.arithmetic();
  return sum_of_products(elements(e.tensor(0)) * extent(e.tensor(1), -1), a.empty() ? "exact" : a,
                         e.name.find("_vjp_") != std::string::npos);
}

std::optional<operator_work> linear(const operator_event& e) {
  const std::string a = e.arithmetic();
  return sum_of_products(elements(e.tensor(0)) * extent(e.tensor(1), 0), a.empty() ? "exact" : a,
                         false);
}

std::optional<operator_work> product_and_sum(const operator_event& e) {
  return sum_of_products(elements(e.tensor(1)) * extent(e.tensor(2), -1), "exact", false);
}

std::optional<operator_work> convolution(const operator_event& e) {
  const std::string a = e.arithmetic();
  const double places = elements(e.output());  // 0 before it has run
  return sum_of_products(places * terms_of_place(e.tensor(1)), a.empty() ? "exact" : a, false);
}

// Derivatives by the input and by the weight.
std::optional<operator_work> convolution_vjp(const operator_event& e) {
  return sum_of_products(2 * elements(e.tensor(2)) * terms_of_place(e.tensor(1)), e.arithmetic(),
                         true);
}

std::optional<operator_work> convolution_backward(const operator_event& e) {
  constexpr std::size_t kMask = 10;
  double wanted = 2;
  if (kMask < e.inputs.size() && e.inputs[kMask].isBoolList()) {
    const auto mask = e.inputs[kMask].toBoolList();
    wanted = (mask[0] ? 1 : 0) + (mask[1] ? 1 : 0);
  }
  return sum_of_products(wanted * elements(e.tensor(0)) * terms_of_place(e.tensor(2)), "exact",
                         true);
}

// --- Layers and elements
// ------------------------------------------------------------------------------

// Products and quotients of each element of operand `operand`, and quotients of each of its rows,
// by an ordinary operator or, where it names an arithmetic that is not exact, by that.
struct by_element {
  double products = 0;
  double quotients = 0;
  double quotients_of_row = 0;
  cause reason{};
  std::size_t operand = 0;
};

operator_work elementwise(const operator_event& e, const by_element& each) {
  const at::Tensor t = e.tensor(each.operand);
  const double products = each.products * elements(t);
  const double quotients = each.quotients * elements(t) +
                           (each.quotients_of_row == 0 ? 0 : each.quotients_of_row * rows(t));
  const std::string arithmetic = e.arithmetic();
  if (!arithmetic.empty() && without_format(arithmetic) != "exact") {
    return {.terms = products + quotients, .arithmetic = arithmetic};
  }
  return {.terms = products,
          .multiplications = products,
          .quotients = quotients,
          .arithmetic = "exact",
          .reason = each.reason};
}

constexpr cause kScale = {"products of elements (scales, masks, means, derivatives of activations)",
                          scope::all};
constexpr cause kSoftmax = {"softmax", scope::softmax};
constexpr cause kNorm = {"normalisation", scope::norm};
constexpr cause kLoss = {"cross entropy", scope::loss};
constexpr cause kDropout = {"dropout's factor 1 / (1 - p)", scope::all};
constexpr cause kGelu = {"GELU", scope::all};
constexpr cause kAdderRate = {"AdderNet's adaptive rate"};
constexpr cause kPositions = {"sines and cosines of positions, a table of constants", scope::all};

const std::map<std::string_view, by_element>& elementwise_table() {
  static const std::map<std::string_view, by_element> table = {
      // An exponential and a quotient of each element.
      {"aten::_softmax", {.quotients = 2, .reason = kSoftmax}},
      {"pamkit::softmax", {.quotients = 2, .reason = kSoftmax}},
      // y (d - sum of d y).
      {"aten::_softmax_backward_data", {.products = 2, .reason = kSoftmax}},
      {"pamkit::ordered_softmax_backward", {.products = 2, .reason = kSoftmax}},
      {"pamkit::softmax_vjp", {.products = 2, .reason = kSoftmax}},
      // x - max - log(sum of exp).
      {"aten::_log_softmax", {.quotients = 1, .quotients_of_row = 1, .reason = kLoss}},
      {"pamkit::log_softmax", {.quotients = 1, .quotients_of_row = 1, .reason = kLoss}},
      // d - exp(y) sum(d).
      {"aten::_log_softmax_backward_data", {.products = 1, .quotients = 1, .reason = kLoss}},
      {"pamkit::log_softmax_vjp", {.products = 1, .quotients = 1, .reason = kLoss}},
      // Square, inverse deviation, gain; two means, a root and a quotient of each row.
      {"aten::native_layer_norm", {.products = 3, .quotients_of_row = 4, .reason = kNorm}},
      {"pamkit::layer_norm", {.products = 3, .quotients_of_row = 4, .reason = kNorm}},
      // d gain, its product with the normalised x, that by the mean, the inverse deviation, the
      // normalised x.
      {"aten::native_layer_norm_backward", {.products = 5, .quotients_of_row = 2, .reason = kNorm}},
      {"pamkit::layer_norm_vjp", {.products = 6, .quotients_of_row = 2, .reason = kNorm}},
      {"aten::native_batch_norm", {.products = 3, .reason = kNorm}},
      {"aten::native_batch_norm_backward", {.products = 6, .reason = kNorm}},
      // log probability times its target; and for each row of the gradient two elements.
      {"pamkit::ordered_cross_entropy", {.products = 1, .reason = kLoss}},
      {"pamkit::ordered_cross_entropy_backward", {.products = 2, .reason = kLoss}},
      {"pamkit::cross_entropy",
       {.products = 1, .quotients = 1, .quotients_of_row = 1, .reason = kLoss}},
      {"pamkit::cross_entropy_vjp", {.products = 2, .quotients = 1, .reason = kLoss}},
      {"pamkit::ordered_dropout", {.products = 1, .reason = kDropout}},
      {"pamkit::dropout", {.products = 1, .reason = kDropout}},
      {"pamkit::dropout_vjp", {.products = 1, .reason = kDropout}},
      // x / sqrt 2, erf, half of it, times x; backward the density too.
      {"aten::gelu", {.products = 3, .quotients = 1, .reason = kGelu}},
      {"pamkit::ordered_gelu", {.products = 3, .quotients = 1, .reason = kGelu}},
      {"aten::gelu_backward", {.products = 7, .quotients = 2, .reason = kGelu, .operand = 1}},
      {"pamkit::ordered_gelu_backward", {.products = 7, .quotients = 2, .reason = kGelu}},
      // m b1 + g (1 - b1), v b2 + (g g) (1 - b2), p decay, step; a root and a quotient.
      {"pamkit::ordered_adamw", {.products = 7, .quotients = 2, .reason = cause_of_update}},
      {"pamkit::adamw_step", {.products = 7, .quotients = 2, .reason = cause_of_update}},
      {"pamkit::sinusoidal_positions", {.products = 1, .quotients = 1, .reason = kPositions}},
      {"pamkit::adder_rate", {.products = 2, .reason = kAdderRate}},
      {"pamkit::mul", {.products = 1, .reason = kScale}},
      {"pamkit::div", {.quotients = 1, .reason = kScale}},
      {"pamkit::exp2", {.quotients = 1, .reason = kScale}},
      {"pamkit::log2", {.quotients = 1, .reason = kScale}},
      {"pamkit::mul_da", {}},
      {"pamkit::div_da", {}},
      {"pamkit::div_db", {}},
      {"pamkit::exp2_da", {}},
      {"pamkit::log2_da", {}},
      {"aten::sigmoid", {.quotients = 2, .reason = kScale}},
      {"aten::sigmoid_backward", {.products = 2, .reason = kScale}},
      {"aten::tanh", {.quotients = 2, .reason = kScale}},
      {"aten::tanh_backward", {.products = 2, .reason = kScale}},
      // The mean of the row losses, and its derivative in each row.
      {"aten::nll_loss_backward", {.quotients_of_row = 1, .reason = kLoss, .operand = 1}},
      {"aten::sqrt", {.quotients = 1, .reason = kScale}},
      {"aten::rsqrt", {.quotients = 2, .reason = kScale}},
      {"aten::exp", {.quotients = 1, .reason = kScale}},
      {"aten::log", {.quotients = 1, .reason = kScale}},
      {"aten::reciprocal", {.quotients = 1, .reason = kScale}},
      {"aten::pow", {.products = 1, .reason = kScale}},
  };
  return table;
}

// Of both operands the larger decides: one may be broadcast.
std::optional<operator_work> product_of_elements(const operator_event& e) {
  const double n = std::max(elements(e.tensor(0)), elements(e.tensor(1)));
  return operator_work{.terms = n, .multiplications = n, .arithmetic = "exact", .reason = kScale};
}

std::optional<operator_work> quotient_of_elements(const operator_event& e) {
  return operator_work{.quotients = std::max(elements(e.tensor(0)), elements(e.tensor(1))),
                       .arithmetic = "exact",
                       .reason = kScale};
}

// One by the number of elements, of each mean.
std::optional<operator_work> mean(const operator_event& e) {
  return operator_work{.quotients = elements(e.output()), .arithmetic = "exact", .reason = kScale};
}

std::optional<operator_work> mean_loss(const operator_event& e) {
  return operator_work{.quotients = elements(e.output()), .arithmetic = "exact", .reason = kLoss};
}

// a + alpha b: multiplies where alpha is not 1.
std::optional<operator_work> scaled_sum(const operator_event& e) {
  constexpr std::size_t kAlpha = 2;
  double n = 0;
  if (kAlpha < e.inputs.size() && e.inputs[kAlpha].isScalar() &&
      e.inputs[kAlpha].toScalar().toDouble() != 1) {
    n = std::max(elements(e.tensor(0)), elements(e.tensor(1)));
  }
  return operator_work{.terms = n, .multiplications = n, .arithmetic = "exact", .reason = kScale};
}

std::optional<operator_work> clipping(const operator_event& e) {
  // Squares and the factor, of all gradients: their number is the last input.
  const auto n = static_cast<double>(e.inputs.back().toInt());
  if (without_format(e.arithmetic()) != "exact") {
    return operator_work{.terms = 2 * n, .arithmetic = e.arithmetic()};
  }
  return operator_work{
      .terms = 2 * n, .multiplications = 2 * n, .arithmetic = "exact", .reason = cause_of_update};
}

const std::map<std::string_view, work_function>& functions() {
  static const std::map<std::string_view, work_function> table = {
      {"pamkit::matmul", plain_product},
      {"pamkit::bmm", plain_product},
      {"pamkit::product_vjp_a", plain_product},
      {"pamkit::product_vjp_b", plain_product},
      {"pamkit::linear", linear},
      {"pamkit::conv2d", convolution},
      {"pamkit::conv2d_vjp", convolution_vjp},
      {"pamkit::clip_grad_norm", clipping},
      {"aten::linear", linear},
      {"aten::mm", plain_product},
      {"aten::bmm", plain_product},
      {"aten::addmm", product_and_sum},
      {"aten::baddbmm", product_and_sum},
      {"aten::conv2d", convolution},
      {"aten::convolution_backward", convolution_backward},
      {"aten::mean", mean},
      {"aten::nll_loss_forward", mean_loss},
      {"aten::mul", product_of_elements},
      {"aten::mul_", product_of_elements},
      {"aten::div", quotient_of_elements},
      {"aten::div_", quotient_of_elements},
      {"aten::add", scaled_sum},
      {"aten::add_", scaled_sum},
      {"aten::sub", scaled_sum},
      {"aten::sub_", scaled_sum},
  };
  return table;
}

// Names with a space on either side.
constexpr std::string_view kNothing =
    " _local_scalar_dense _reshape_alias _to_copy _unsafe_view abs alias arange argmax"
    " as_strided bitwise_not cat chunk clamp clamp_min clone concat constant_pad_nd contiguous"
    " copy_ detach detach_ embedding embedding_dense_backward empty empty_like empty_strided eq"
    " expand expand_as eye fill_ flatten flip full full_like gather ge gt index index_put_"
    " index_select is_nonzero item le lift_fresh logical_not lt masked_fill masked_fill_"
    " masked_select max max_pool2d max_pool2d_with_indices max_pool2d_with_indices_backward"
    " maximum minimum narrow ne neg new_empty new_empty_strided new_zeros"
    " nonzero ones ones_like pad permute relu relu_ repeat"
    " reshape resize_ resolve_conj resolve_neg result_type roll scalar_tensor scatter_ select"
    " select_backward set_ sign slice slice_backward split squeeze squeeze_ stack sum sum_rows"
    " t t_ threshold_backward to transpose transpose_ tril triu unbind unfold unfold_backward"
    " unsafe_view unsqueeze unsqueeze_ view view_as where zero_ zeros zeros_like ";

}  // namespace

std::optional<operator_work> work_of(const operator_event& e) {
  if (const auto found = functions().find(e.name); found != functions().end()) {
    return found->second(e);
  }
  if (const auto found = elementwise_table().find(e.name); found != elementwise_table().end()) {
    return elementwise(e, found->second);
  }
  return std::nullopt;
}

bool multiplies_nothing(const operator_event& e) {
  // The engine's mark of a node of a backward pass; what the node computes is an operator of its
  // own.
  if (e.name.starts_with("autograd::")) return true;
  const std::size_t colons = e.name.find("::");
  const std::string_view name =
      std::string_view(e.name).substr(colons == std::string::npos ? 0 : colons + 2);
  // With a fifth input, "reduce", it may multiply, and nobody knows how much. scatter_reduce and
  // index_reduce are not in the list.
  constexpr std::size_t kPlainScatterInputs = 4;
  if (name == "scatter_" && e.inputs.size() > kPlainScatterInputs) return false;
  std::string between_spaces(1, ' ');
  between_spaces.append(name).push_back(' ');
  return kNothing.find(between_spaces) != std::string_view::npos;
}

}  // namespace pamkit::training
