#include "pamkit/machine_code/multiplications.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>

namespace pamkit::machine_code {
namespace {

bool matches(std::string_view text, const std::regex& expression) {
  return std::regex_match(text.begin(), text.end(), expression);
}

struct pattern {
  multiplying kind;
  std::regex mnemonics;
};

// The element types that x86 names at the end of a mnemonic: single, double, half, scalar or
// packed, and bfloat16.
const std::vector<pattern>& x86_patterns() {
  static const std::string type = "(ps|pd|ss|sd|ph|sh|pbf16|nepbf16|bf16)";
  static const std::vector<pattern> all = {
      // FMA, FMA4, 4FMAPS, complex ones of AVX512-FP16, dot products.
      {multiplying::fused, std::regex("v?f(n)?m(add|sub|addsub|subadd).*|v4fn?madd.*|vfc?madd.*|"
                                      "v?dp(ps|pd)|vdp(bf16|ph)ps|tdp.*")},
      {multiplying::multiplication, std::regex("v?mul" + type + "|vfc?mulc" + type + "|vscalef" +
                                               type + "|fi?mul(p|s|l)?|fscale|pfmul")},
      {multiplying::division,
       std::regex("v?div" + type + "|v?rcp(14|28)?" + type + "|fi?divr?(p|s|l)?|pfrcp.*")},
      {multiplying::root, std::regex("v?r?sqrt(14|28)?" + type + "|fsqrt|pfrsq.*")},
      {multiplying::integer_vector,
       std::regex("v?pmul.*|v?pmadd.*|vpdp.*|v?pclmul.*|vp4dp.*|vpmadd52.*")}};
  return all;
}

const std::vector<pattern>& aarch64_patterns() {
  static const std::vector<pattern> all = {
      {multiplying::fused,
       std::regex("fn?m(add|sub)|f(n)?ml[as].*|fcmla|bf(dot|mmla|mlal.*)|fmmla|fdot")},
      {multiplying::multiplication, std::regex("fn?mulx?|fscale|fcmul.*")},
      {multiplying::division, std::regex("fdivr?|frecp.*")},
      {multiplying::root, std::regex("fr?sqrt.*")}};
  return all;
}

bool is_vector_addition(architecture machine, std::string_view mnemonic,
                        std::string_view operands) {
  if (machine == architecture::x86_64) return mnemonic == "addps" || mnemonic == "vaddps";
  return mnemonic == "fadd" && operands.find(".4s") != std::string_view::npos;
}

struct compiled_excuse {
  std::regex unit, function, instruction;
};

std::regex compile(const std::string& text, const std::string& where) {
  try {
    return std::regex(text);
  } catch (const std::regex_error& error) {
    throw unreadable(where + ": '" + text + "' is no regular expression: " + error.what());
  }
}

}  // namespace

std::string_view name_of(multiplying kind) {
  switch (kind) {
    case multiplying::none:
      return "none";
    case multiplying::fused:
      return "fused multiply-add";
    case multiplying::multiplication:
      return "multiplication";
    case multiplying::division:
      return "division";
    case multiplying::root:
      return "root";
    case multiplying::integer_vector:
      return "multiplication of integer vectors";
  }
  return "none";
}

multiplying classify(architecture machine, std::string_view mnemonic) {
  // A function has many instructions and few different ones.
  thread_local std::map<std::pair<architecture, std::string>, multiplying, std::less<>> seen;
  const auto [entry, is_new] =
      seen.try_emplace({machine, std::string(mnemonic)}, multiplying::none);
  if (is_new) {
    for (const pattern& p : machine == architecture::x86_64 ? x86_patterns() : aarch64_patterns()) {
      if (matches(mnemonic, p.mnemonics)) {
        entry->second = p.kind;
        break;
      }
    }
  }
  return entry->second;
}

std::vector<excuse> read_excuses(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw unreadable(file.string() + ": cannot be read");
  std::vector<excuse> all;
  try {
    const auto json = nlohmann::json::parse(in);
    for (const auto& entry : json.at("excuses")) {
      all.push_back(
          {entry.at("unit"), entry.at("function"), entry.at("instruction"), entry.at("reason")});
    }
  } catch (const nlohmann::json::exception& error) {
    throw unreadable(file.string() + ": entry " + std::to_string(all.size() + 1) + ": " +
                     error.what());
  }
  return all;
}

unit_audit audit(const object_code& code, const std::vector<excuse>& excuses,
                 std::vector<std::uint64_t>& uses) {
  uses.resize(excuses.size());
  std::vector<compiled_excuse> compiled;
  for (const excuse& e : excuses) {
    const std::string where = "excuse for " + e.unit;
    compiled.push_back(
        {compile(e.unit, where), compile(e.function, where), compile(e.instruction, where)});
  }
  unit_audit result;
  result.unit = code.file.filename().string();
  result.machine = code.machine;
  for (const function_code& f : code.functions) {
    ++result.functions;
    std::map<std::string, finding> found;
    for (const instruction& i : f.instructions) {
      ++result.instructions;
      if (is_vector_addition(code.machine, i.mnemonic, i.operands)) ++result.vector_additions;
      const multiplying kind = classify(code.machine, i.mnemonic);
      if (kind == multiplying::none) continue;
      finding& entry = found[i.mnemonic];
      if (entry.count++ == 0) entry = {f.name, i.mnemonic, kind, i.address, 1, {}};
    }
    for (auto& [mnemonic, entry] : found) {
      bool is_excused = false;
      for (std::size_t e = 0; e < compiled.size() && entry.kind != multiplying::fused; ++e) {
        if (!matches(result.unit, compiled[e].unit) || !matches(f.name, compiled[e].function) ||
            !matches(mnemonic, compiled[e].instruction)) {
          continue;
        }
        uses[e] += entry.count;
        entry.reason = excuses[e].reason;
        is_excused = true;
        break;
      }
      (is_excused ? result.excused : result.refused).push_back(entry);
    }
  }
  return result;
}

nlohmann::ordered_json to_json(const unit_audit& unit) {
  const auto list = [](const std::vector<finding>& findings) {
    auto entries = nlohmann::ordered_json::array();
    for (const finding& f : findings) {
      nlohmann::ordered_json entry = {{"function", f.function},
                                      {"instruction", f.mnemonic},
                                      {"kind", name_of(f.kind)},
                                      {"count", f.count}};
      if (!f.reason.empty()) entry["reason"] = f.reason;
      entries.push_back(std::move(entry));
    }
    return entries;
  };
  const auto sum = [](const std::vector<finding>& findings) {
    std::uint64_t count = 0;
    for (const finding& f : findings) count += f.count;
    return count;
  };
  return {{"unit", unit.unit},
          {"kind", unit.machine == architecture::x86_64 ? "x86" : "arm"},
          {"architecture", name_of(unit.machine)},
          {"multiplications", sum(unit.refused)},
          {"excused_multiplications", sum(unit.excused)},
          {"functions", unit.functions},
          {"instructions", unit.instructions},
          {"vector_additions", unit.vector_additions},
          {"refused", list(unit.refused)},
          {"excused", list(unit.excused)}};
}

}  // namespace pamkit::machine_code
