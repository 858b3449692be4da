#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "command.hpp"
#include "line_writer.hpp"
#include "options.hpp"
#include "oracle.hpp"
#include "pamkit/properties/operand_stream.hpp"
#include "tensor_vectors.hpp"
#include "vector_line.hpp"

namespace pamkit::cli {
namespace {

// So many cases are computed at a time.
constexpr std::size_t kBlockLines = std::size_t{1} << 14;
// So many results come from the golden model itself; beyond, the emulator computes them and the
// golden model judges one in kSampleEvery.
constexpr std::uint64_t kGoldenLines = std::uint64_t{1} << 14;
constexpr std::uint64_t kSampleEvery = 997;

struct vectors_options {
  operation_argument operation;
  rule_options rules;
  level_option level;
  number_option count = count_option("write exactly N lines (default: as many as the level has)");
  number_option seed = seed_option();
  tensor_options tensors;
  bool operands_only = false;
};

// Replaces emulated results by the golden model's where it is asked, and refuses where they
// disagree.
void judge_results(const oracle& golden, const operation_info& operation,
                   const rule_options::single& chosen, std::uint64_t first_line,
                   const properties::operand_columns& operands,
                   std::vector<std::uint32_t>& results) {
  const format_description format = describe(chosen.rules.format);
  const std::uint64_t step = first_line < kGoldenLines ? 1 : kSampleEvery;
  for (std::uint64_t i = first_line % step == 0 ? 0 : step - first_line % step; i < results.size();
       i += step) {
    const properties::column one = properties::case_at(operands, i);
    const std::uint32_t emulated = results[i];
    results[i] = golden.golden(one);
    if (results[i] == emulated || golden.admissible(one).contains(emulated)) continue;
    throw failure(
        fmt::format(
            "internal error at line {}: for {} {} the emulator gives {} and the golden model {}; "
            "see ./pamkit explain {} {} {}",
            first_line + i + 1, operation.name, hex(one, format), hex(emulated, format),
            hex(results[i], format), operation.name, hex(one, format),
            rule_arguments(chosen.arithmetic, chosen.rules)),
        exit_code::wrong);
  }
}

exit_code run(const vectors_options& options) {
  const rule_options::single chosen = options.rules.only();
  if (const auto f = find_tensor_function(options.operation)) {
    return write_tensor_vectors({*f, options.tensors, chosen},
                                {.level = options.level.read(),
                                 .count = options.count.read_or(0),
                                 .seed = options.seed.read_or(1),
                                 .operands_only = options.operands_only});
  }
  options.tensors.refuse_if_given(options.operation.text());
  const operation_info& operation = options.operation.read(chosen.arithmetic);
  const std::string_view arithmetic = chosen.arithmetic.info->name;
  const oracle golden(operation.name, chosen.rules);
  elementwise_function emulate = simd_backend().elementwise(operation.name, arithmetic);
  if (emulate == nullptr) emulate = scalar_backend().elementwise(operation.name, arithmetic);

  const properties::case_shape shape{chosen.rules.format, operation.arity,
                                     chosen.rules.compensation,
                                     profile_of(chosen.rules.arithmetic)};
  properties::operand_stream stream(shape, options.level.read(), options.seed.read_or(1),
                                    options.count.read_or(0));
  const int digits = digits_of(describe(chosen.rules.format));
  const std::size_t fields =
      static_cast<std::size_t>(operation.arity) + (options.operands_only ? 0 : 1);
  const std::size_t width = fields * static_cast<std::size_t>(digits + 1);

  line_writer out(STDOUT_FILENO, "standard output");
  properties::operand_columns operands;
  std::vector<std::uint32_t> results;
  for (std::uint64_t line = 0; !out.closed() && stream.next(operands, kBlockLines);
       line += results.size()) {
    results.resize(properties::case_count(operands));
    if (!options.operands_only) {
      emulate(chosen.rules, operands.front().data(), operands.back().data(), results.data(),
              results.size());
      judge_results(golden, operation, chosen, line, operands, results);
    }
    for (std::size_t i = 0; i < results.size() && !out.closed(); ++i) {
      char* text = out.reserve(width);
      for (std::size_t j = 0; j < fields; ++j) {
        write_hex(j < operands.size() ? operands[j][i] : results[i], digits, text);
        text += digits;
        *text++ = j + 1 < fields ? ' ' : '\n';
      }
      out.commit(width);
    }
  }
  out.flush();
  return exit_code::passed;
}

}  // namespace

namespace commands {

command vectors() {
  return {
      .name = "vectors",
      .summary = "write test vectors for an implementation of your own",
      .examples =
          "  pamkit vectors mul > mul.txt\n"
          "  pamkit vectors div --level standard --format binary16 --policy gradual > div.txt\n"
          "  pamkit vectors exp2 --count 1000000 --operands-only | my_unit | pamkit check exp2\n"
          "Each line: operands and result, hexadecimal digits without prefix, one space between:\n"
          "  3FC00000 3FC00000 40000000\n"
          "Levels quick and standard correspond to TestFloat's 1 and 2 (docs/foreign.md).\n"
          "Of a tensor operation a line has all operands, row-major, then all results:\n"
          "  pamkit vectors matmul --length 64            dot products of 64 terms\n"
          "  pamkit vectors softmax_vjp --length 33 --derivative exact\n"
          "  pamkit vectors layer_norm --shape 2x5,5,5/eps=0.001 --format bfloat16\n",
      .exit_codes = "",
      .attach = [](CLI::App& app) -> std::function<exit_code()> {
        auto options = std::make_shared<vectors_options>();
        options->operation.attach(app);
        options->rules.attach(app, multiplicity::one);
        options->tensors.attach(app);
        options->level.attach(app, "how many cases: quick, standard or exhaustive");
        options->count.attach(app);
        options->seed.attach(app);
        app.add_flag("--operands-only", options->operands_only, "leave the result out");
        return [options] { return run(*options); };
      }};
}

}  // namespace commands
}  // namespace pamkit::cli
