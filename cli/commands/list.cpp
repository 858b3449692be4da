#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstddef>

#include "command.hpp"
#include "console.hpp"
#include "json_output.hpp"
#include "options.hpp"
#include "pamkit/arguments/suggestion.hpp"
#include "pamkit/profiles.hpp"
#include "pamkit/properties/backends.hpp"
#include "pamkit/properties/suite.hpp"
#include "pamkit/properties/tensor_function.hpp"
#include "pamkit/provenance/environment.hpp"
#include "recipe_names.hpp"
#include "table.hpp"
#include "vector_line.hpp"

namespace pamkit::cli {
namespace {

using json = nlohmann::ordered_json;

// What one kind of thing lists: for people and for programs.
struct listing {
  std::string text;
  json items = json::array();
};

struct promise_name {
  std::string_view name;
  bool (*is_made)(const promises&);
};

// The promises that properties rest on, each once; a reading of several fields is no name.
std::vector<promise_name> promise_names() {
  std::vector<promise_name> names;
  for (const properties::property_description& p : properties::properties()) {
    if (p.promised == nullptr || p.promise.find(' ') != std::string_view::npos) continue;
    if (std::ranges::find(names, p.promise, &promise_name::name) != names.end()) continue;
    names.push_back({p.promise, p.promised});
  }
  return names;
}

std::string yes_or_no(bool value) { return value ? "yes" : "no"; }

std::string ratio(const fraction& f) {
  return f.denominator == 1 ? fmt::format("{}", f.numerator)
                            : fmt::format("{}/{}", f.numerator, f.denominator);
}

listing list_formats() {
  listing all;
  table rows({"format", "bits", "exponent", "fraction", "bias", "one", "least normal", "largest",
              "infinity", "NaN"});
  const auto add = [&](const std::string& name, const format_description& f,
                       const std::string& kept) {
    rows.add({name, std::to_string(f.storage_bits), std::to_string(f.exponent_bits), kept,
              std::to_string(f.bias), hex(f.one, f), hex(f.min_normal, f),
              f.dropped_bits == 0 ? hex(f.max_finite, f) : "7F800000 - 2^(23-N)",
              f.has_infinity ? hex(f.infinity, f) : "none", hex(f.nan, f)});
  };
  for (const any_format& format : default_formats()) {
    const format_description f = describe(format);
    const bool family = std::holds_alternative<binary32m>(format);
    const std::string name = family ? "binary32mN" : f.name;
    add(name, f, family ? "N = 1..23" : std::to_string(f.kept_bits));
    json item = {{"name", name},
                 {"storage_bits", f.storage_bits},
                 {"digits", digits_of(f)},
                 {"exponent_bits", f.exponent_bits},
                 {"fraction_bits", f.fraction_bits},
                 {"bias", f.bias},
                 {"one", hex(f.one, f)},
                 {"min_normal", hex(f.min_normal, f)},
                 {"nan", hex(f.nan, f)}};
    item["infinity"] = f.has_infinity ? json(hex(f.infinity, f)) : json(nullptr);
    if (family) {
      item["kept_bits"] = {{"least", 1}, {"most", f.fraction_bits}};
    } else {
      item["max_finite"] = hex(f.max_finite, f);
    }
    all.items.push_back(item);
  }
  all.text = rows.text();
  return all;
}

std::vector<std::string_view> defined_operations(const arithmetic_info& info) {
  std::vector<std::string_view> names;
  for (const operation_info& operation : operations()) {
    if (info.defines(operation.name)) names.push_back(operation.name);
  }
  return names;
}

// The profiles beyond the default one that are defined for an arithmetic, with their operations.
json profiles_json(const arithmetic_info& info) {
  json profiles = json::object();
  for (const profile p : {profile::standard, profile::paper}) {
    if (const auto choice = under_profile({std::string(info.name), &info, {}}, p)) {
      profiles[std::string(name_of(p))] = defined_operations(*choice->info);
    }
  }
  return profiles;
}

json promises_json(const promises& promised) {
  json object;
  for (const promise_name& p : promise_names()) object[std::string(p.name)] = p.is_made(promised);
  if (promised.has_error_bounds) {
    object["min_relative_error"] = ratio(promised.min_relative_error);
    object["max_relative_error"] = ratio(promised.max_relative_error);
  }
  if (promised.has_quotient_bounds) {
    object["min_quotient_error"] = ratio(promised.min_quotient_error);
    object["max_quotient_error"] = ratio(promised.max_quotient_error);
  }
  return object;
}

listing list_arithmetics() {
  listing all;
  table names({"arithmetic", "derivatives", "operations", "published"});
  std::vector<std::string> heading = {"promise (binary32)"};
  for (const arithmetic_info& info : arithmetics()) {
    heading.emplace_back(info.name);
    std::vector<std::string> kinds;
    if (info.has_derivative(derivative::approx)) kinds.emplace_back("approx");
    if (info.has_derivative(derivative::exact)) kinds.emplace_back("exact");
    const bool takes_factor = info.compensation(binary32{}, 1) == 1;
    const auto defined = defined_operations(info);
    names.add({takes_factor ? fmt::format("{0}, {0}:ALPHA", info.name) : std::string(info.name),
               fmt::format("{}", fmt::join(kinds, " ")), fmt::format("{}", fmt::join(defined, " ")),
               std::string(info.reference)});
    json by_format;
    for (const any_format& format : default_formats()) {
      const arithmetic_choice choice{std::string(info.name), &info, {}};
      const configuration rules =
          choice.configure(format, subnormal_policy::flush, overflow_policy::infinity);
      json promised = promises_json(info.promise(rules));
      promised["compensation"] = rules.compensation;
      by_format[describe(format).name] = promised;
    }
    all.items.push_back({{"name", info.name},
                         {"reference", info.reference},
                         {"oracle", info.oracle},
                         {"takes_factor", takes_factor},
                         {"operations", defined},
                         {"profiles", profiles_json(info)},
                         {"derivatives", kinds},
                         {"promises", by_format}});
  }
  table promised(heading);
  for (const promise_name& p : promise_names()) {
    std::vector<std::string> row = {std::string(p.name)};
    for (const arithmetic_info& info : arithmetics()) {
      const arithmetic_choice choice{std::string(info.name), &info, {}};
      const auto rules =
          choice.configure(binary32{}, subnormal_policy::flush, overflow_policy::infinity);
      row.push_back(yes_or_no(p.is_made(info.promise(rules))));
    }
    promised.add(row);
  }
  const arithmetic_info& paper = paper_profile();
  all.text = names.text() +
             fmt::format("\nprofile {}: pam and pam:ALPHA in binary32 as the {} has it: {}\n\n",
                         name_of(profile::paper), paper.reference,
                         fmt::join(defined_operations(paper), " ")) +
             promised.text();
  return all;
}

listing list_operations() {
  listing all;
  table rows({"operation", "operands", "arithmetics"});
  for (const operation_info& operation : operations()) {
    std::vector<std::string_view> names;
    for (const arithmetic_info& info : arithmetics()) {
      if (info.defines(operation.name)) names.push_back(info.name);
    }
    rows.add({std::string(operation.name), std::to_string(operation.arity),
              fmt::format("{}", fmt::join(names, " "))});
    all.items.push_back(
        {{"name", operation.name}, {"operands", operation.arity}, {"arithmetics", names}});
  }
  for (const properties::tensor_function& f : properties::tensor_functions()) {
    std::vector<std::string_view> names;
    for (const arithmetic_info& info : arithmetics()) {
      if (properties::bind_function(f, scalar_backend(), info.name, derivative::approx)) {
        names.push_back(info.name);
      }
    }
    rows.add({f.name(), "tensors", fmt::format("{}", fmt::join(names, " "))});
    all.items.push_back({{"name", f.name()}, {"operands", "tensors"}, {"arithmetics", names}});
  }
  all.text = rows.text();
  return all;
}

listing list_properties() {
  listing all;
  table rows({"property", "rests on", "sentence"});
  for (const properties::property_description& p : properties::properties()) {
    const std::string promise(p.promise);
    rows.add({p.key, promise.empty() ? "always" : promise, std::string(p.sentence)});
    all.items.push_back(
        {{"name", p.key}, {"property", p.id}, {"sentence", p.sentence}, {"domain", p.domain},
         {"promise", promise}});
  }
  all.text = rows.text();
  return all;
}

listing list_backends() {
  listing all;
  table rows({"backend", "here", "what"});
  for (const backend* b : properties::all_backends()) {
    rows.add({std::string(b->name), "yes", std::string(b->description)});
    all.items.push_back({{"name", b->name}, {"here", true}, {"description", b->description}});
  }
  for (const known_backend& b : absent_backends()) {
    rows.add({std::string(b.name), "no", fmt::format("needs {}", b.needs)});
    all.items.push_back({{"name", b.name}, {"here", false}, {"needs", b.needs}});
  }
  all.text = rows.text();
  return all;
}

listing list_recipes() {
  listing all;
  for (const std::string& name : recipe_names()) {
    all.text += name + "\n";
    all.items.push_back({{"name", name}});
  }
  if (all.items.empty()) all.text = "no recipes in this version\n";
  return all;
}

struct kind {
  std::string_view name;
  listing (*list)();
};
constexpr auto kKinds = std::to_array<kind>({{"formats", list_formats},
                                             {"arithmetics", list_arithmetics},
                                             {"operations", list_operations},
                                             {"properties", list_properties},
                                             {"backends", list_backends},
                                             {"recipes", list_recipes}});

const kind* find_kind(std::string_view name) {
  const auto it = std::ranges::find(kKinds, name, &kind::name);
  return it == kKinds.end() ? nullptr : &*it;
}

struct list_options {
  std::string kind;
  std::string json_file;
  CLI::Option* as_json = nullptr;
};

exit_code run(list_options options) {
  // `list --json formats`: the word after --json is the kind, not a file.
  if (options.kind.empty() && find_kind(options.json_file) != nullptr) {
    std::swap(options.kind, options.json_file);
  }
  std::vector<std::string> names;
  for (const kind& k : kKinds) names.emplace_back(k.name);
  const kind* const chosen = find_kind(options.kind);
  if (chosen == nullptr) {
    const std::string what = options.kind.empty()
                                 ? "KIND is missing"
                                 : fmt::format("no kind {}", in_quotes(options.kind));
    throw failure(fmt::format("{}; there are {}{}", what, fmt::join(names, ", "),
                              suggestion(options.kind, names)));
  }
  const listing all = chosen->list();
  if (options.as_json->count() == 0) {
    print_out("{}", all.text);
  } else {
    json document = provenance::file_header("pamkit.list/1");
    document[std::string(chosen->name)] = all.items;
    write_json(document, options.json_file);
  }
  return exit_code::passed;
}

}  // namespace

namespace commands {

command list() {
  return {.name = "list",
          .summary = "list formats, arithmetics, operations, properties, backends or recipes",
          .examples =
              "  pamkit list formats\n"
              "  pamkit list arithmetics --json arithmetics.json\n",
          .exit_codes = "",
          .attach = [](CLI::App& app) -> std::function<exit_code()> {
            auto options = std::make_shared<list_options>();
            app.add_option("KIND", options->kind,
                           "formats, arithmetics, operations, properties, backends or recipes");
            options->as_json = app.add_option("--json", options->json_file,
                                              "as JSON to FILE; to standard output without one");
            options->as_json->expected(0, 1)->type_name("FILE");
            return [options] { return run(*options); };
          }};
}

}  // namespace commands
}  // namespace pamkit::cli
