#include <fmt/format.h>

#include <algorithm>

#include "command.hpp"
#include "console.hpp"
#include "identification.hpp"
#include "options.hpp"
#include "vector_line.hpp"

namespace pamkit::cli {
namespace {

struct identify_options {
  operation_argument operation{"mul"};
  format_option format;
  std::string file;
  bool any_nan = false;
  bool why = false;
};

// "463051", "any", or "0..4095" where the lines leave several.
std::string compensation_text(const candidate& c, const compensation_range& range, int dropped) {
  if (c.takes_any_compensation()) return "any";
  if (range.low == range.high) return std::to_string(range.low << dropped);
  return fmt::format("{}..{}", range.low << dropped, range.high << dropped);
}

std::string alpha_text(const candidate& c, const any_format& format) {
  const compensation_range& range = c.range();
  if (c.takes_any_compensation()) return "any";
  if (range.low == range.high) return shortest_factor(format, range.low);
  return shortest_factor(format, range.low) + ".." + shortest_factor(format, range.high);
}

// The candidates of one arithmetic and profile that are alike, whatever is asked of them by `same`,
// in groups that are a choice of policies each: `policy=either` stands for both under every overflow
// policy of the group.
struct group {
  std::vector<const candidate*> members;
  std::string policy, overflow;
};

template <class Same>
std::vector<group> groups_of(std::vector<const candidate*> left, const Same& same) {
  std::vector<group> groups;
  const auto find = [&](subnormal_policy s, overflow_policy o, const candidate& like) {
    const auto it = std::ranges::find_if(left, [&](const candidate* c) {
      return c->subnormals() == s && c->overflow() == o && same(*c, like);
    });
    return it == left.end() ? nullptr : *it;
  };
  while (!left.empty()) {
    const candidate& first = *left.front();
    using enum subnormal_policy;
    using enum overflow_policy;
    const auto subnormals_of = [&](bool both) {
      return both ? std::vector{flush, gradual} : std::vector{first.subnormals()};
    };
    const auto overflows_of = [&](bool both) {
      return both ? std::vector{infinity, saturate} : std::vector{first.overflow()};
    };
    // The largest block of policies with the first candidate in it whose members are all alike.
    for (const auto& [both_subnormals, both_overflows] :
         {std::pair(true, true), {true, false}, {false, true}, {false, false}}) {
      group g{{},
              both_subnormals ? "either" : std::string(name_of(first.subnormals())),
              both_overflows ? "either" : std::string(name_of(first.overflow()))};
      for (const subnormal_policy s : subnormals_of(both_subnormals)) {
        for (const overflow_policy o : overflows_of(both_overflows)) {
          g.members.push_back(find(s, o, first));
        }
      }
      if (std::ranges::find(g.members, nullptr) != g.members.end()) continue;
      std::erase_if(left, [&](const candidate* c) {
        return std::ranges::find(g.members, c) != g.members.end();
      });
      groups.push_back(std::move(g));
      break;
    }
  }
  return groups;
}

// Consecutive candidates of one arithmetic and profile, those for which `wanted` holds.
template <class Wanted, class Function>
void for_each_arithmetic(const std::vector<candidate>& candidates, const Wanted& wanted,
                         const Function& f) {
  for (auto begin = candidates.begin(); begin != candidates.end();) {
    const auto end = std::find_if(begin, candidates.end(), [&](const candidate& c) {
      return c.arithmetic() != begin->arithmetic() || c.under() != begin->under();
    });
    std::vector<const candidate*> members;
    for (; begin != end; ++begin) {
      if (wanted(*begin)) members.push_back(&*begin);
    }
    if (!members.empty()) f(members);
  }
}

// Whether anything explains all lines.
bool print_candidates(const std::vector<candidate>& candidates, const any_format& format) {
  bool any = false;
  const auto same = [](const candidate& x, const candidate& y) { return x.range() == y.range(); };
  for_each_arithmetic(
      candidates, [](const candidate& c) { return c.explains_all(); },
      [&](const std::vector<const candidate*>& members) {
        for (const group& g : groups_of(members, same)) {
          const candidate& c = *g.members.front();
          // Under profile paper no policy acts: the released decisions are neither setting's.
          const bool paper = c.under() == profile::paper;
          print_out("arithmetic={} alpha={} compensation={} policy={} overflow={} profile={}\n",
                    c.arithmetic(), alpha_text(c, format),
                    compensation_text(c, c.range(), describe(format).dropped_bits),
                    paper ? "either" : g.policy, paper ? "either" : g.overflow,
                    name_of(c.under()));
          any = true;
        }
      });
  if (!any) print_out("none\n");
  return any;
}

void print_refutations(const std::vector<candidate>& candidates, const operation_info& operation,
                       const any_format& format) {
  const format_description f = describe(format);
  const auto same = [](const candidate& x, const candidate& y) { return x.refuted() == y.refuted(); };
  for_each_arithmetic(
      candidates, [](const candidate& c) { return !c.explains_all(); },
      [&](const std::vector<const candidate*>& members) {
        for (const group& g : groups_of(members, same)) {
          const candidate& c = *g.members.front();
          const refutation& r = *c.refuted();
          const bool paper = c.under() == profile::paper;
          std::string text = fmt::format(
              "not arithmetic={} policy={} overflow={} profile={}: line {}: {} gives {}, expected {}",
              c.arithmetic(), paper ? "either" : g.policy, paper ? "either" : g.overflow,
              name_of(c.under()), r.line, hex(r.operands, f), hex(r.got, f), hex(r.expected, f));
          if (r.narrowed_at != 0) {
            text += fmt::format(" with the compensation {} that line {} leaves",
                                compensation_text(c, r.range, f.dropped_bits), r.narrowed_at);
          }
          print_out("{}\n", text);
        }
      });
  for (const arithmetic_info& info : arithmetics()) {
    for (const profile p : {profile::standard, profile::paper}) {
      const auto choice = under_profile({std::string(info.name), &info, {}}, p);
      if (!choice) continue;
      const bool defined = choice->info->defines(operation.name);
      if (defined && covers(p, format, {}, {})) continue;
      print_out("not arithmetic={} policy=either overflow=either profile={}: {} is not defined\n",
                info.name, name_of(p),
                defined ? "format " + f.name : std::string(operation.name));
    }
  }
}

exit_code run(const identify_options& options) {
  const operation_info& operation = options.operation.read();
  const any_format format = options.format.read();
  const format_description f = describe(format);
  std::vector<vector_field> fields = {vector_field::encoding("A", f)};
  if (operation.arity == 2) fields.push_back(vector_field::encoding("B", f));
  fields.push_back(vector_field::result("RESULT", f));
  std::vector<candidate> candidates = all_candidates(operation, format);
  vector_reader reader(options.file, f, fields);
  vector_block block;
  std::vector<std::uint32_t> results;
  while (reader.next(block)) {
    const auto& given = block.fields[static_cast<std::size_t>(operation.arity)];
    results.assign(given.begin(), given.begin() + static_cast<std::ptrdiff_t>(block.count));
    if (options.any_nan) {
      std::ranges::replace_if(
          results, [&](std::uint32_t x) { return f.is_nan(x) && f.is_well_formed(x); }, f.nan);
    }
    for (candidate& c : candidates) {
      if (c.explains_all()) c.take(block, results);
    }
  }
  const bool found = print_candidates(candidates, format);
  if (options.why) print_refutations(candidates, operation, format);
  return found ? exit_code::passed : exit_code::wrong;
}

}  // namespace

namespace commands {

command identify() {
  return {
      .name = "identify",
      .summary = "say which arithmetic, compensation, policies and profile explain given vectors",
      .examples =
          "  my_unit < operands | pamkit identify mul --format bfloat16\n"
          "  pamkit identify div answers.txt --why\n"
          "  pamkit vectors mul --arithmetic pam:1.0552 | pamkit identify\n"
          "Each line: operands and result, hexadecimal digits without prefix, one space between:\n"
          "  3FC00000 3FC00000 40000000\n"
          "Printed is one line for each candidate that explains every line of the input:\n"
          "  arithmetic=pam alpha=1.0552 compensation=463051 policy=flush overflow=either "
          "profile=default\n"
          "'either' where both settings explain all of it, 'any' or a range LOW..HIGH where several\n"
          "compensations do.\n",
      .exit_codes = "  1    'none': nothing that pamkit knows explains every line\n",
      .attach = [](CLI::App& app) -> std::function<exit_code()> {
        auto options = std::make_shared<identify_options>();
        options->operation.attach(app);
        app.add_option("FILE", options->file, "vectors, after OP; standard input without it or for '-'");
        options->format.attach(app);
        app.add_flag("--any-nan", options->any_nan, "take any NaN for the canonical one");
        app.add_flag("--why", options->why,
                     "add, for each other candidate, the first line that rules it out");
        return [options] { return run(*options); };
      }};
}

}  // namespace commands
}  // namespace pamkit::cli
