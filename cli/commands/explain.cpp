#include <fmt/format.h>

#include <array>
#include <optional>

#include "command.hpp"
#include "console.hpp"
#include "integer_form.hpp"
#include "json_output.hpp"
#include "operand_text.hpp"
#include "options.hpp"
#include "oracle.hpp"
#include "pamkit/profiles.hpp"
#include "pamkit/provenance/environment.hpp"
#include "table.hpp"
#include "vector_line.hpp"

namespace pamkit::cli {
namespace {

using json = nlohmann::ordered_json;

struct explain_options {
  operation_argument operation;
  std::string a;
  std::string b;
  std::string got;
  rule_options rules;
  backend_option backends;
  std::string json_file;
};

// What one implementation made of the case.
struct answer {
  std::string from;
  std::optional<std::uint32_t> bits;  ///< nothing where it does not define the operation
  bool right = true;
};

// A case and everything that is said about it.
struct account {
  const operation_info* operation = nullptr;
  rule_options::single chosen;
  format_description format;
  std::vector<std::uint32_t> operands;
  reference::explanation explanation;
  reference::admissible expected;
  std::vector<std::string> steps;
  std::vector<answer> answers;

  profile under() const { return profile_of(chosen.rules.arithmetic); }
  bool all_right() const { return std::ranges::all_of(answers, &answer::right); }
};

answer ask(const backend& implementation, const account& a) {
  const elementwise_function function =
      implementation.elementwise(a.operation->name, a.chosen.arithmetic.info->name);
  if (function == nullptr) return {std::string(implementation.name), {}, true};
  std::uint32_t result = 0;
  function(a.chosen.rules, &a.operands.front(), &a.operands.back(), &result, 1);
  return {std::string(implementation.name), result, a.expected.contains(result)};
}

// The golden result under every pair of policies.
struct policy_result {
  subnormal_policy subnormals;
  overflow_policy overflow;
  std::uint32_t bits;
};

std::vector<policy_result> under_every_policy(const account& a) {
  std::vector<policy_result> results;
  if (a.under() != profile::standard) return results;  // whose own decisions replace the policies
  for (const subnormal_policy subnormals : {subnormal_policy::flush, subnormal_policy::gradual}) {
    for (const overflow_policy overflow : {overflow_policy::infinity, overflow_policy::saturate}) {
      const configuration rules =
          a.chosen.arithmetic.configure(a.chosen.rules.format, subnormals, overflow);
      results.push_back(
          {subnormals, overflow, oracle(a.operation->name, rules).golden(a.operands)});
    }
  }
  return results;
}

std::string decimal_of(std::uint32_t bits, const format_description& format) {
  if (format.is_nan(bits)) return "NaN";
  const std::string sign = format.sign(bits) ? "-" : "+";
  if (format.is_infinite(bits)) return sign + "inf";
  if (format.is_zero(bits)) return sign + "0";
  return reference::decode(format, bits, subnormal_policy::gradual).value.to_decimal();
}

void print_text(const account& a) {
  const reference::explanation& e = a.explanation;
  const format_description& f = a.format;
  print_out("{} {} in {}, arithmetic {}{}, {}\n\n", a.operation->name, hex(a.operands, f), f.name,
            a.chosen.arithmetic.label,
            a.chosen.rules.compensation == 0
                ? ""
                : fmt::format(" (compensation {})", a.chosen.rules.compensation),
            a.under() == profile::standard
                ? fmt::format("{}, {}", name_of(a.chosen.rules.subnormals),
                              name_of(a.chosen.rules.overflow))
                : fmt::format("profile {}, where no policy acts", name_of(a.under())));

  table fields({"operand", "encoding", "sign", "exponent", "fraction", "kind", "value"});
  for (std::size_t i = 0; i < e.operands.size(); ++i) {
    const reference::explained_operand& x = e.operands[i];
    const std::uint32_t magnitude = x.bits & f.magnitude_mask;
    fields.add({std::string(1, static_cast<char>('a' + i)), hex(x.bits, f),
                f.sign(x.bits) ? "1" : "0", std::to_string(magnitude >> f.fraction_bits),
                fmt::format("0x{:X}", magnitude & (f.min_normal - 1)), x.kind,
                x.kind.ends_with("normal") && !x.kind.starts_with("flushed")
                    ? fmt::format("{} = {}2^{} (1 + {})", x.decimal, x.negative ? "-" : "",
                                  x.exponent, x.fraction)
                    : x.decimal});
  }
  print_out("{}\n", fields.text());

  table said({"", ""});
  const auto say = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) said.add({name, value});
  };
  const auto both = [](const std::string& exact, const std::string& decimal) {
    if (exact.empty() || exact == decimal) return decimal;
    return decimal.empty() ? exact : exact + " = " + decimal;
  };
  say("piece", e.piece);
  for (const std::string& step : e.steps) say("step", step);
  say("by the definition", both(e.definition, e.definition_decimal));
  say("ordinary result", both(e.ordinary, e.ordinary_decimal));
  say("relative error", both(e.relative_error, e.relative_error_decimal));
  for (const reference::explained_slope& slope : e.slopes) {
    say("slope " + slope.operation, fmt::format("{} = {}", hex(slope.bits, f), slope.value));
  }
  const std::string text = said.text();
  print_out("{}\n", text.substr(text.find('\n') + 1));

  if (!a.steps.empty()) {
    print_out("as integers\n");
    for (const std::string& step : a.steps) print_out("  {}\n", step);
    print_out("\n");
  }

  table policies({"policy", "overflow", "result", "value"});
  const std::vector<policy_result> results = under_every_policy(a);
  for (const policy_result& r : results) {
    policies.add({std::string(name_of(r.subnormals)), std::string(name_of(r.overflow)),
                  hex(r.bits, f), decimal_of(r.bits, f)});
  }
  if (!results.empty()) print_out("{}\n", policies.text());

  table verdicts({"from", "result", "value", ""});
  verdicts.add({"golden model", hex(a.expected, f), decimal_of(e.result, f), ""});
  for (const answer& x : a.answers) {
    if (!x.bits) {
      verdicts.add({x.from, "not defined", "", ""});
    } else {
      verdicts.add({x.from, hex(*x.bits, f), decimal_of(*x.bits, f),
                    x.right ? "right"
                    : f.is_well_formed(*x.bits)
                        ? "wrong by " + distance(*x.bits, a.expected.lowest, f)
                        : "wrong: " + distance(*x.bits, a.expected.lowest, f)});
    }
  }
  print_out("{}", verdicts.text());
}

json to_json(const account& a) {
  const reference::explanation& e = a.explanation;
  const format_description& f = a.format;
  json document = provenance::file_header("pamkit.explain/1");
  document["operation"] = a.operation->name;
  document["format"] = f.name;
  document["arithmetic"] = a.chosen.arithmetic.label;
  document["policy"] = name_of(a.chosen.rules.subnormals);
  document["overflow"] = name_of(a.chosen.rules.overflow);
  document["compensation"] = a.chosen.rules.compensation;
  document["profile"] = name_of(a.under());
  for (const reference::explained_operand& x : e.operands) {
    const std::uint32_t magnitude = x.bits & f.magnitude_mask;
    document["operands"].push_back({{"encoding", hex(x.bits, f)},
                                    {"kind", x.kind},
                                    {"sign", f.sign(x.bits) ? 1 : 0},
                                    {"biased_exponent", magnitude >> f.fraction_bits},
                                    {"fraction_field", magnitude & (f.min_normal - 1)},
                                    {"exponent", x.exponent},
                                    {"fraction", x.fraction},
                                    {"value", x.value},
                                    {"decimal", x.decimal}});
  }
  const auto put = [&](const char* name, const std::string& value) {
    if (!value.empty()) document[name] = value;
  };
  put("piece", e.piece);
  put("definition", e.definition);
  put("definition_decimal", e.definition_decimal);
  put("ordinary", e.ordinary);
  put("ordinary_decimal", e.ordinary_decimal);
  put("relative_error", e.relative_error);
  put("relative_error_decimal", e.relative_error_decimal);
  document["steps"] = e.steps;
  document["integer_form"] = a.steps;
  document["slopes"] = json::array();
  for (const reference::explained_slope& s : e.slopes) {
    document["slopes"].push_back(
        {{"operation", s.operation}, {"encoding", hex(s.bits, f)}, {"value", s.value}});
  }
  for (const policy_result& r : under_every_policy(a)) {
    document["policies"].push_back({{"policy", name_of(r.subnormals)},
                                    {"overflow", name_of(r.overflow)},
                                    {"result", hex(r.bits, f)}});
  }
  document["result"] = hex(e.result, f);
  document["admissible"] = json::array({hex(a.expected.lowest, f)});
  if (a.expected.highest != a.expected.lowest)
    document["admissible"].push_back(hex(a.expected.highest, f));
  document["answers"] = json::array();
  for (const answer& x : a.answers) {
    document["answers"].push_back({{"from", x.from},
                                   {"result", x.bits ? json(hex(*x.bits, f)) : json(nullptr)},
                                   {"right", x.right}});
  }
  return document;
}

// The program's main puts a space before a negative number, so that it is no option.
std::string without_shield(const std::string& text) {
  return text.starts_with(' ') ? text.substr(1) : text;
}

exit_code run(const explain_options& options) {
  account a;
  a.chosen = options.rules.only();
  a.operation = &options.operation.read(a.chosen.arithmetic);
  a.format = describe(a.chosen.rules.format);
  const backend_choice backends = options.backends.read();
  const int operands = options.b.empty() ? 1 : 2;
  if (operands != a.operation->arity) {
    throw failure(fmt::format("{} takes {}, not {}", a.operation->name,
                              a.operation->arity == 1 ? "one operand" : "two operands", operands));
  }
  a.operands.push_back(read_operand("A", without_shield(options.a), a.format));
  if (operands == 2) a.operands.push_back(read_operand("B", without_shield(options.b), a.format));
  a.explanation = reference::explain(a.operation->name, oracle_rules(a.chosen.rules), a.operands);
  a.expected = oracle(a.operation->name, a.chosen.rules).admissible(a.operands);
  a.steps = integer_form(a.operation->name, a.chosen.rules, a.operands);
  for (const backend* b : backends.present) a.answers.push_back(ask(*b, a));
  if (!options.got.empty()) {
    const std::uint32_t got = read_result("--got", without_shield(options.got), a.format);
    a.answers.push_back({"--got", got, a.expected.contains(got)});
  }

  if (options.json_file != "-") print_text(a);
  if (!options.json_file.empty()) write_json(to_json(a), options.json_file);
  for (const std::string& name : backends.absent) complain(absent_backend_message(name));
  exit_code code = a.all_right() ? exit_code::passed : exit_code::wrong;
  if (!backends.absent.empty()) code = graver(code, exit_code::missing);
  return code;
}

}  // namespace

namespace commands {

command explain() {
  return {.name = "explain",
          .summary = "show one case step by step",
          .examples =
              "  pamkit explain mul 3FC00000 3FC00000\n"
              "  pamkit explain div 1.0 1.5 --format bfloat16 --policy gradual\n"
              "  pamkit explain mul 3FC00000 3FC00000 --got 40000001\n",
          .exit_codes =
              "  1    a backend's result, or the one given by --got, is not the golden model's\n"
              "  3    an asked backend is not here; the others were asked\n",
          .takes_negative_numbers = true,
          .attach = [](CLI::App& app) -> std::function<exit_code()> {
            auto options = std::make_shared<explain_options>();
            options->operation.attach(app);
            app.add_option("A", options->a,
                           "the operand: an encoding in hexadecimal, or a decimal number with a "
                           "point or a sign")
                ->required();
            app.add_option("B", options->b, "the second operand, where the operation has two");
            app.add_option("--got", options->got,
                           "a result to judge, as another implementation gave it")
                ->type_name("RESULT");
            options->rules.attach(app, multiplicity::one);
            options->backends.attach(app);
            app.add_option("--json", options->json_file,
                           "the same as JSON to FILE, '-' is standard output")
                ->type_name("FILE");
            return [options] { return run(*options); };
          }};
}

}  // namespace commands
}  // namespace pamkit::cli
