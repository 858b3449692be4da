#include "tensor_vectors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "console.hpp"
#include "line_writer.hpp"
#include "pamkit/properties/golden_vectors.hpp"
#include "pamkit/properties/most_elements.hpp"
#include "vector_line.hpp"
#include "vector_reader.hpp"

namespace pamkit::cli {
namespace {

using properties::layer_case;
using properties::tensor_function;

constexpr std::int64_t kDefaultLength = 8;
constexpr int kWordDigits = 8;
// So many results come from the golden model itself; beyond, it judges one in kSampleEvery.
constexpr std::uint64_t kGoldenLines = 256;
constexpr std::uint64_t kSampleEvery = 97;

std::uint64_t lines_of(properties::suite_level level) {
  constexpr std::uint64_t kContents = std::size(properties::stream_contents);
  switch (level) {
    case properties::suite_level::quick:
      return 100 * kContents;
    case properties::suite_level::standard:
      return 1000 * kContents;
    default:
      return 10'000 * kContents;
  }
}

// A tensor operation under one configuration: the emulator's function and the golden model's.
class tensor_judge {
 public:
  explicit tensor_judge(const tensor_request& request)
      : function_(request.function),
        chosen_(request.chosen),
        format_(describe(chosen_.rules.format)),
        gradient_(request.options.read_derivative(function_)),
        shape_(request.options.read_shape(function_)) {
    const arithmetic_info& info = *chosen_.arithmetic.info;
    bound_ = find(function_);
    forward_ = find({function_.info, function_.is_product, false});
    if (!bound_) {
      throw failure(fmt::format("OP: {}{} is not defined for arithmetic {}; 'pamkit list "
                                "operations' says what is",
                                function_.name(),
                                gradient_ == derivative::exact ? " --derivative exact" : "",
                                info.name));
    }
    if (!properties::has_golden_tensor(function_, gradient_, info.oracle)) {
      throw failure(fmt::format("the golden model has no {} for arithmetic {}; this is a defect of "
                                "pamkit",
                                function_.name(), info.oracle),
                    exit_code::wrong);
    }
  }

  const tensor_function& function() const { return function_; }
  const format_description& format() const { return format_; }

  properties::tensor_stream stream(std::uint64_t seed) const {
    try {
      return {function_, forward_, chosen_.rules, shape_, seed};
    } catch (const std::invalid_argument& error) {
      throw failure(fmt::format("--shape: {}", error.what()));
    }
  }

  std::vector<tensor> emulated(const layer_case& c) const {
    return properties::compute(function_, bound_, chosen_.rules, gradient_, c);
  }
  std::vector<tensor> golden(const layer_case& c) const {
    return properties::golden_tensor(function_, gradient_, chosen_.arithmetic,
                                     chosen_.rules.format, chosen_.rules.subnormals,
                                     chosen_.rules.overflow, c);
  }

  // What `verify` takes to look at the case again.
  std::string replay(const layer_case& c) const {
    std::string shape = c.shape(function_.is_vjp);
    if (function_.is_product) {
      const auto& a = c.inputs[0].shape;
      const auto& b = c.inputs[1].shape;
      shape = fmt::format("{}x{}x{}x{}", a.size() == 3 ? a[0] : 1, a[a.size() - 2], b.back(),
                          a.back());
    }
    std::vector<std::string> operands;
    for (const std::uint32_t x : c.operands(function_.is_vjp)) operands.push_back(hex(x, format_));
    // Layers have no vector kernels to replay.
    return fmt::format("./pamkit verify --property P44 --op {}{} --shape {} --replay {} {}{}",
                       function_.name(),
                       !function_.is_vjp                    ? ""
                       : gradient_ == derivative::approx ? " --derivative approx"
                                                         : " --derivative exact",
                       shape, fmt::join(operands, ","),
                       rule_arguments(chosen_.arithmetic, chosen_.rules),
                       function_.is_product ? "" : " --backend scalar");
  }

 private:
  // Vector kernels for products, the definitions for layers.
  properties::bound_function find(const tensor_function& f) const {
    const derivative kind = f.is_vjp ? gradient_ : derivative::approx;
    const backend& b = f.is_product ? simd_backend() : scalar_backend();
    return properties::bind_function(f, b, chosen_.arithmetic.info->name, kind);
  }

  tensor_function function_;
  rule_options::single chosen_;
  format_description format_;
  derivative gradient_;
  properties::layer_shape shape_;
  properties::bound_function bound_;
  properties::bound_function forward_;
};

bool is_equal(const std::vector<tensor>& x, const std::vector<tensor>& y) {
  return std::ranges::equal(x, y, {}, &tensor::encodings, &tensor::encodings);
}

[[noreturn]] void refuse_emulator(const tensor_judge& judge, std::uint64_t line,
                                  const layer_case& c) {
  throw failure(fmt::format("internal error at line {}: emulator and golden model differ, no verdict "
                            "is possible; see {}",
                            line, judge.replay(c)),
                exit_code::wrong);
}

// The results of one line, one list.
std::vector<std::uint32_t> joined(const std::vector<tensor>& results) {
  std::vector<std::uint32_t> all;
  for (const tensor& t : results) all.insert(all.end(), t.encodings.begin(), t.encodings.end());
  return all;
}

// The same for every case of a shape. Lines without a result would all be right.
std::size_t count_of_results(const tensor_judge& judge, const layer_case& c) {
  const std::size_t count = joined(judge.emulated(c)).size();
  if (count == 0) {
    throw failure(fmt::format("--shape: {} has no result of this shape; name one without zeros",
                              judge.function().name()));
  }
  return count;
}

// The fields of a line, from one case of the shape.
std::vector<vector_field> fields_of(const tensor_judge& judge, const layer_case& c,
                                    std::size_t results) {
  const tensor_function& f = judge.function();
  const layer_info& info = *f.info;
  std::vector<vector_field> fields;
  const auto add = [&](std::string_view name, std::size_t count, bool is_word) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string label = fmt::format("{}[{}]", name, i);
      fields.push_back(is_word ? vector_field{label, kWordDigits}
                               : vector_field::encoding(label, judge.format()));
    }
  };
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    add(info.inputs[info.is_variadic ? 0 : i].name, c.inputs[i].encodings.size(),
        properties::is_word_operand(f, i, c.inputs.size()));
  }
  for (const tensor& t : c.incoming) add("D", t.encodings.size(), false);
  // Results of binary32mN are binary32 sums.
  for (std::size_t i = 0; i < results; ++i) {
    fields.push_back({fmt::format("RESULT[{}]", i), digits_of(judge.format())});
  }
  return fields;
}

// The case of row `line` of a block; `c` has the shapes.
void take_case(const vector_block& block, std::size_t line, layer_case& c) {
  std::size_t field = 0;
  const auto take = [&](tensor& t) {
    for (std::uint32_t& x : t.encodings) x = block.fields[field++][line];
  };
  std::ranges::for_each(c.inputs, take);
  std::ranges::for_each(c.incoming, take);
}

}  // namespace

std::optional<properties::tensor_function> find_tensor_function(
    const operation_argument& operation) {
  std::vector<std::string> names;
  for (const operation_info& known : operations()) names.emplace_back(known.name);
  for (const tensor_function& f : properties::tensor_functions()) names.push_back(f.name());
  return properties::find_tensor_function(read_name("OP", "operation", operation.text(), names));
}

void tensor_options::attach(CLI::App& app) {
  app.add_option("--shape", shape_,
                 "of a tensor operation: a shape for each operand, then attributes, as in "
                 "2x5,5,5/eps=0.001")
      ->type_name("SHAPE");
  length_.attach(app);
  app.add_option("--derivative", derivative_, "of a vjp: approx or exact (default: approx)")
      ->type_name("KIND");
}

void tensor_options::refuse_if_given(const std::string& operation) const {
  if (shape_.empty() && !length_.given() && derivative_.empty()) return;
  throw failure(fmt::format("--{}: {} is not a tensor operation; leave it out",
                            !shape_.empty()    ? "shape"
                            : length_.given() ? "length"
                                              : "derivative",
                            in_quotes(operation)));
}

properties::layer_shape tensor_options::read_shape(const tensor_function& f) const {
  constexpr std::uint64_t kLongest = 1 << 16;
  if (!shape_.empty() && length_.given()) throw failure("--length: --shape says it already");
  if (shape_.empty()) {
    const std::uint64_t length = length_.read_or(kDefaultLength);
    if (length > kLongest) throw failure(fmt::format("--length: at most {}", kLongest));
    return properties::row_shape(f, 1, static_cast<std::int64_t>(length));
  }
  if (auto shape = properties::parse_layer_shape(shape_)) return *shape;
  throw failure(fmt::format(
      "--shape: {} is no shape; one for each operand, of at most {} elements, "
      "then attributes, finite numbers, would be right, as in {}",
      in_quotes(shape_), properties::most_elements, properties::row_shape(f, 2, 5).text()));
}

derivative tensor_options::read_derivative(const tensor_function& f) const {
  if (derivative_.empty()) return derivative::approx;
  const std::string kind =
      read_name("--derivative", "derivative", derivative_, {"approx", "exact"});
  if (!f.is_vjp) throw failure(fmt::format("--derivative: {} is no derivative", f.name()));
  return kind == "approx" ? derivative::approx : derivative::exact;
}

exit_code write_tensor_vectors(const tensor_request& request, const tensor_output& wanted) {
  const tensor_judge judge(request);
  properties::tensor_stream stream = judge.stream(wanted.seed);
  count_of_results(judge, judge.stream(wanted.seed).next());
  const std::uint64_t lines = wanted.count != 0 ? wanted.count : lines_of(wanted.level);
  line_writer out(STDOUT_FILENO, "standard output");
  std::string text;
  for (std::uint64_t line = 0; line < lines && !out.closed(); ++line) {
    const layer_case c = stream.next();
    std::vector<tensor> results;
    if (!wanted.operands_only) {
      results = judge.emulated(c);
      if (line < kGoldenLines || line % kSampleEvery == 0) {
        if (!is_equal(results, judge.golden(c))) refuse_emulator(judge, line + 1, c);
      }
    }
    text.clear();
    properties::append_line(text, judge.function(), judge.format(), c, results);
    std::ranges::copy(text, out.reserve(text.size()));
    out.commit(text.size());
  }
  out.flush();
  return exit_code::passed;
}

exit_code check_tensor_vectors(const tensor_request& request, const tensor_input& given) {
  const tensor_judge judge(request);
  const format_description& format = judge.format();
  layer_case c = judge.stream(1).next();
  const std::size_t results = count_of_results(judge, c);
  // As in fields_of: results of binary32mN are binary32 sums.
  const format_description sums = format.dropped_bits == 0 ? format : describe(binary32{});
  vector_reader reader(given.file, format, fields_of(judge, c, results));
  vector_block block;
  std::uint64_t lines = 0;
  std::uint64_t wrong = 0;
  while (reader.next(block)) {
    const std::uint64_t shown_before = std::min(wrong, given.errors);
    for (std::size_t i = 0; i < block.count; ++i) {
      const std::uint64_t line = block.first_line + i;
      take_case(block, i, c);
      std::vector<tensor> emulated;
      try {
        emulated = judge.emulated(c);
      } catch (const std::invalid_argument& error) {
        throw failure(fmt::format("{}:{}: {}", reader.name(), line, error.what()));
      }
      const std::vector<std::uint32_t> expected = joined(emulated);
      const std::size_t first = block.fields.size() - expected.size();
      std::size_t at = 0;
      for (; at < expected.size(); ++at) {
        const std::uint32_t got = block.fields[first + at][i];
        const bool nan = given.any_nan && format.is_nan(got) && format.is_nan(expected[at]);
        if (got != expected[at] && !nan) break;
      }
      const bool is_wrong = at < expected.size();
      const bool is_shown = is_wrong && wrong < given.errors;
      if ((is_shown || line % kSampleEvery == 0) && !is_equal(emulated, judge.golden(c))) {
        refuse_emulator(judge, line, c);
      }
      if (is_shown) {
        const std::uint32_t got = block.fields[first + at][i];
        print_out("line {}: {}: result {}: got {}, expected {}, {}; replay: {}\n", line,
                  judge.function().name(), at, hex(got, format), hex(expected[at], format),
                  distance(got, expected[at], sums), judge.replay(c));
      }
      wrong += is_wrong ? 1 : 0;
    }
    lines += block.count;
    // As in check: what follows may not come for long.
    if (std::min(wrong, given.errors) != shown_before) provenance::flush_out();
  }
  if (!given.quiet) print_out("{} {}, {} wrong\n", lines, lines == 1 ? "line" : "lines", wrong);
  reader.require_lines(given.count);
  return wrong == 0 ? exit_code::passed : exit_code::wrong;
}

}  // namespace pamkit::cli
