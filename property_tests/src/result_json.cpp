#include "result_json.hpp"

#include <array>
#include <stdexcept>

#include "result_text.hpp"

namespace pamkit::properties {
namespace {

using json = nlohmann::ordered_json;

json to_json(const error_statistics::extreme& e) {
  return {{"value", e.value}, {"exact", e.exact}, {"operands", e.operands}};
}

json to_json(const error_statistics& e) {
  json statistics = {{"pairs", e.pairs}};
  if (e.pairs == 0) return statistics;
  statistics["least"] = to_json(e.least);
  statistics["greatest"] = to_json(e.greatest);
  statistics["mean"] = e.sum / static_cast<double>(e.pairs);
  return statistics;
}

template <class Enum, std::size_t Count>
Enum read_name(const std::string& text, const std::array<Enum, Count>& values) {
  for (const Enum value : values) {
    if (text == name_of(value)) return value;
  }
  throw std::invalid_argument("unknown name '" + text + "'");
}

error_statistics::extreme extreme_from_json(const json& j) {
  return {.value = j.at("value"),
          .exact = j.at("exact"),
          .operands = j.at("operands").get<std::vector<std::string>>()};
}

error_statistics errors_from_json(const json& j) {
  error_statistics e{.pairs = j.at("pairs"), .least = {}, .greatest = {}, .sum = j.at("sum")};
  if (e.pairs == 0) return e;
  e.least = extreme_from_json(j.at("least"));
  e.greatest = extreme_from_json(j.at("greatest"));
  return e;
}

}  // namespace

json to_json(const result& r) {
  json row = {
      {"property", r.property},         {"operation", r.operation}, {"format", r.format},
      {"arithmetic", r.arithmetic},     {"policy", r.policy},       {"overflow", r.overflow},
      {"compensation", r.compensation}, {"profile", r.profile}};
  if (r.statement != r.property && !r.statement.empty()) row["statement"] = r.statement;
  if (!r.derivative.empty()) row["derivative"] = r.derivative;
  if (!r.shape.empty()) row["shape"] = r.shape;
  row["backend"] = r.backend;
  row["domain"] = r.domain;
  row["mode"] = name_of(r.mode);
  row["cases"] = r.cases;
  if (r.seed) row["seed"] = *r.seed;
  row["status"] = name_of(r.status);
  if (!r.reason.empty()) row["reason"] = r.reason;
  if (r.counterexample) {
    row["counterexample"] = {{"operands", r.counterexample->operands},
                             {"got", r.counterexample->got},
                             {"expected", r.counterexample->expected},
                             {"replay", r.counterexample->replay}};
  }
  if (r.errors) row["errors"] = to_json(*r.errors);
  return row;
}

json part_to_json(const result& r) {
  json row = to_json(r);
  row["statement"] = r.statement;
  if (r.is_part) row["part"] = true;
  if (r.errors) row["errors"]["sum"] = r.errors->sum;
  return row;
}

result part_from_json(const json& j) {
  const auto text = [&](const char* name) {
    return j.contains(name) ? j.at(name).get<std::string>() : std::string();
  };
  result r;
  r.property = j.at("property");
  r.statement = j.at("statement");
  r.operation = j.at("operation");
  r.format = j.at("format");
  r.arithmetic = j.at("arithmetic");
  r.policy = j.at("policy");
  r.overflow = j.at("overflow");
  r.compensation = j.at("compensation");
  r.profile = j.at("profile");
  r.derivative = text("derivative");
  r.shape = text("shape");
  r.backend = j.at("backend");
  r.domain = j.at("domain");
  r.mode = read_name(text("mode"),
                     std::array{run_mode::proved, run_mode::exhaustive, run_mode::sampled});
  r.cases = j.at("cases");
  if (j.contains("seed")) r.seed = j.at("seed").get<std::uint64_t>();
  r.status = read_name(text("status"), std::array{run_status::pass, run_status::fail,
                                                  run_status::not_promised, run_status::not_run});
  r.reason = text("reason");
  if (j.contains("counterexample")) {
    const json& c = j.at("counterexample");
    r.counterexample = counterexample{.operands = c.at("operands").get<std::vector<std::string>>(),
                                      .got = c.at("got"),
                                      .expected = c.at("expected"),
                                      .replay = c.at("replay")};
  }
  if (j.contains("errors")) r.errors = errors_from_json(j.at("errors"));
  r.is_part = j.contains("part");
  return r;
}

}  // namespace pamkit::properties
