#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "command.hpp"
#include "console.hpp"
#include "options.hpp"
#include "oracle.hpp"
#include "tensor_vectors.hpp"
#include "vector_line.hpp"
#include "vector_reader.hpp"

namespace pamkit::cli {
namespace {

// Every so many lines the golden model judges a line whose result the emulator confirms. A prime,
// so that no pattern of a generator hides in step with it.
constexpr std::uint64_t kSampleEvery = 997;

// Judges the results of another implementation. The emulator goes through all lines, in vectors;
// whatever it doubts is judged by the golden model before it is printed, and so is a sample of what
// it confirms.
class judge {
 public:
  judge(const operation_info& operation, const rule_options::single& chosen, bool any_nan,
        std::uint64_t errors)
      : operation_(operation),
        chosen_(chosen),
        format_(describe(chosen.rules.format)),
        oracle_(operation.name, chosen.rules),
        any_nan_(any_nan),
        errors_(errors) {
    const std::string_view arithmetic = chosen.arithmetic.info->name;
    emulate_ = simd_backend().elementwise(operation.name, arithmetic);
    if (emulate_ == nullptr) emulate_ = scalar_backend().elementwise(operation.name, arithmetic);
  }

  void take(const vector_block& block) {
    const auto arity = static_cast<std::size_t>(operation_.arity);
    const std::uint32_t* const a = block.fields[0].data();
    const std::uint32_t* const b = block.fields[arity - 1].data();
    const std::uint32_t* const results = block.fields[arity].data();
    emulated_.resize(block.count);
    emulate_(chosen_.rules, a, b, emulated_.data(), block.count);
    const std::uint64_t shown_before = std::min(wrong_, errors_);
    std::uint64_t next_sample = (kSampleEvery - block.first_line % kSampleEvery) % kSampleEvery;
    for (std::size_t i = 0; i < block.count; ++i) {
      const bool sampled = i == next_sample;
      if (sampled) next_sample += kSampleEvery;
      if (results[i] == emulated_[i] && !sampled) continue;
      const std::array<std::uint32_t, 2> operands = {a[i], b[i]};
      look(block.first_line + i, std::span(operands).first(arity), results[i], emulated_[i],
           sampled);
    }
    lines_ += block.count;
    // The next lines may not come for long, and the program may be ended while it waits for them.
    if (std::min(wrong_, errors_) != shown_before) provenance::flush_out();
  }

  std::uint64_t lines() const { return lines_; }
  std::uint64_t wrong() const { return wrong_; }

 private:
  void look(std::uint64_t line, std::span<const std::uint32_t> operands, std::uint32_t got,
            std::uint32_t emulated, bool sampled) {
    // A function of a C library may also give the neighbour of what the emulator's library gives.
    const bool disputable = oracle_.has_choice() && are_neighbours(got, emulated);
    const bool nan =
        any_nan_ && format_.is_nan(emulated) && format_.is_nan(got) && format_.is_well_formed(got);
    const bool shown = wrong_ < errors_;
    if (!sampled && !disputable && (nan || !shown)) {
      if (!nan) ++wrong_;
      return;
    }
    const reference::admissible expected = oracle_.admissible(operands);
    if (!expected.contains(emulated)) {
      throw failure(
          fmt::format("internal error at line {}: for {} {} the emulator gives {} and the golden "
                      "model {}; no verdict is possible, see ./pamkit {}",
                      line, operation_.name, hex(operands, format_), hex(emulated, format_),
                      hex(expected, format_), replay(operands, got)),
          exit_code::wrong);
    }
    if (nan || expected.contains(got)) return;
    ++wrong_;
    if (!shown) return;
    print_out("line {}: {} {}: got {}, expected {}, {}; replay: ./pamkit {}\n", line,
              operation_.name, hex(operands, format_), hex(got, format_), hex(expected, format_),
              distance(got, expected.lowest, format_), replay(operands, got));
  }

  bool are_neighbours(std::uint32_t x, std::uint32_t y) const {
    return (x >> format_.dropped_bits) - (y >> format_.dropped_bits) + 1 <= 2;
  }

  std::string replay(std::span<const std::uint32_t> operands, std::uint32_t got) const {
    return fmt::format("explain {} {} --got {} {}", operation_.name, hex(operands, format_),
                       hex(got, format_), rule_arguments(chosen_.arithmetic, chosen_.rules));
  }

  const operation_info& operation_;
  rule_options::single chosen_;
  format_description format_;
  oracle oracle_;
  elementwise_function emulate_ = nullptr;
  bool any_nan_;
  std::uint64_t errors_;
  std::vector<std::uint32_t> emulated_;
  std::uint64_t lines_ = 0;
  std::uint64_t wrong_ = 0;
};

struct check_options {
  operation_argument operation;
  rule_options rules;
  std::string file;
  bool any_nan = false;
  bool quiet = false;
  number_option errors = errors_option();
  number_option count = count_option("so many lines there have to be (default: any number)");
  tensor_options tensors;
};

exit_code run(const check_options& options) {
  const rule_options::single chosen = options.rules.only();
  if (const auto f = find_tensor_function(options.operation)) {
    return check_tensor_vectors({*f, options.tensors, chosen},
                                {.file = options.file,
                                 .any_nan = options.any_nan,
                                 .errors = options.errors.read_or(20),
                                 .count = options.count.read_or(0),
                                 .quiet = options.quiet});
  }
  options.tensors.refuse_if_given(options.operation.text());
  const operation_info& operation = options.operation.read(chosen.arithmetic);
  const format_description format = describe(chosen.rules.format);
  std::vector<vector_field> fields = {vector_field::encoding("A", format)};
  if (operation.arity == 2) fields.push_back(vector_field::encoding("B", format));
  fields.push_back(vector_field::result("RESULT", format));
  judge verdicts(operation, chosen, options.any_nan, options.errors.read_or(20));
  vector_reader reader(options.file, format, std::move(fields));
  vector_block block;
  while (reader.next(block)) verdicts.take(block);
  if (!options.quiet) {
    print_out("{} {}, {} wrong\n", verdicts.lines(), verdicts.lines() == 1 ? "line" : "lines",
              verdicts.wrong());
  }
  reader.require_lines(options.count.read_or(0));
  return verdicts.wrong() == 0 ? exit_code::passed : exit_code::wrong;
}

}  // namespace

namespace commands {

command check() {
  return {
      .name = "check",
      .summary = "judge test vectors that an implementation of your own answered",
      .examples =
          "  my_unit < operands | pamkit check mul --format bfloat16\n"
          "  pamkit check pow answers.txt --policy gradual --errors 100\n"
          "  pamkit vectors mul | pamkit check mul\n"
          "Each line: operands and result, hexadecimal digits without prefix, one space between:\n"
          "  3FC00000 3FC00000 40000000\n"
          "Of a tensor operation: all operands row-major, then all results, shapes as in\n"
          "  pamkit vectors matmul --length 64 | pamkit check matmul --length 64\n",
      .exit_codes = "  1    a result is wrong; standard output says which and what is expected\n",
      .attach = [](CLI::App& app) -> std::function<exit_code()> {
        auto options = std::make_shared<check_options>();
        options->operation.attach(app);
        app.add_option("FILE", options->file, "vectors; standard input without it or for '-'");
        options->rules.attach(app, multiplicity::one);
        options->tensors.attach(app);
        app.add_flag("--any-nan", options->any_nan, "accept any NaN where a NaN is expected");
        options->errors.attach(app);
        options->count.attach(app);
        app.add_flag("--quiet", options->quiet, "print wrong results only, no summary");
        return [options] { return run(*options); };
      }};
}

}  // namespace commands
}  // namespace pamkit::cli
