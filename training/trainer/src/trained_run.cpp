#include "pamkit/training/trained_run.hpp"

#include <algorithm>

#include "durable_file.hpp"
#include "json_fields.hpp"
#include "memory_need.hpp"
#include "pamkit/training/beam_search.hpp"
#include "pamkit/training/bleu.hpp"
#include "pamkit/training/corpus.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/interruption.hpp"
#include "pamkit/training/translation_data.hpp"
#include "parsed_json.hpp"
#include "resources.hpp"
#include "safetensors.hpp"
#include "translation_model.hpp"

namespace pamkit::training {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

[[noreturn]] void refuse(const fs::path& path, const std::string& what) {
  throw input_error(path.string(), what, "the folder of a finished run was expected");
}

// Runs of older versions do not tell theirs.
void require_same_classes(const trained_run& run, const fs::path& data, const json& classes) {
  if (run.classes.is_null()) return;
  for (std::size_t i = 0; i < std::max(classes.size(), run.classes.size()); ++i) {
    const json here = i < classes.size() ? classes[i] : json();
    const json there = i < run.classes.size() ? run.classes[i] : json();
    if (here == there) continue;
    throw input_error(data.string(), "class " + std::to_string(i) + " is " + here.dump(),
                      "the classes of the run were expected, where it is " + there.dump());
  }
}

std::shared_ptr<const text_codec> codec_of(const trained_run& run) {
  if (run.vocabulary) require_own_vocabulary(run.folder, *run.vocabulary);
  return load_codec(run.folder);
}

std::optional<file_digests> vocabulary_of(const json_fields& config) {
  constexpr const char* key = "vocabulary_sha256";
  if (!config.has(key)) return std::nullopt;
  const json_fields listed = config.object(key);
  file_digests digests;
  for (const auto& [name, digest] : listed.whole_object().items()) {
    digests[name] = listed.text(name.c_str());
  }
  return digests;
}

// The transformer of a run with its parameters, and its codec.
struct translator {
  std::shared_ptr<const text_codec> codec;
  transformer model;

  explicit translator(const trained_run& run)
      : codec(codec_of(run)),
        model(translation_model_settings(run.what, *codec), run.products, run.seed) {
    read_parameters_of_run(run.folder, model.parameters());
  }

  std::vector<std::string> translated(const trained_run& run,
                                      std::span<const std::vector<std::int32_t>> sources,
                                      const go_on& keep_going) const {
    std::vector<std::string> lines;
    for (const auto& pieces : translate(model, run.what.search, sources, keep_going)) {
      lines.push_back(codec->decode_target(pieces));
    }
    if (!keep_going(1)) throw interrupted();
    return lines;
  }
};

}  // namespace

trained_run open_run(const fs::path& folder) {
  std::error_code error;
  const fs::path file = folder / "config.json";
  if (!fs::exists(file, error)) refuse(folder, "holds no config.json");
  if (!fs::exists(folder / "parameters.safetensors", error)) {
    refuse(folder, "holds no parameters.safetensors: the run is not finished");
  }
  const json config = parsed_json(file, "the folder of a finished run was expected");
  const json_fields whole(config, file, "the folder of a finished run was expected");
  const json_fields run = whole.object("run");
  json settings = run.object("settings").whole_object();
  settings["name"] = run.text("recipe");
  settings["task"] = run.text("task");
  const std::optional<scope> covered = parse_scope(run.text("scope"));
  const std::optional<any_format> format = parse_format(run.text("format"));
  if (!covered || !format) refuse(file, "names a scope or format that is none");
  const std::string named = run.text("derivative");
  if (named != "exact" && named != "approx") refuse(file, "names a derivative that is none");
  const derivative gradient = named == "exact" ? derivative::exact : derivative::approx;
  try {
    return {folder,
            make_recipe(settings, file.string()),
            arm(run.text("arithmetic"), gradient, *covered, *format),
            run.whole("seed"),
            run.has("classes") ? run.list("classes") : json(),
            vocabulary_of(whole)};
  } catch (const input_error& refused) {
    const std::string line = refused.what();
    if (line.starts_with(file.string())) throw;
    refuse(file, "is of no run that this version knows (" + line + ")");
  }
}

evaluated evaluate(const trained_run& run, const fs::path& data,
                   const std::optional<std::string>& test, const fs::path& hypotheses,
                   const go_on& keep_going) {
  require_memory_to_use(run.what);
  if (run.what.kind != recipe::task::translation) {
    if (!hypotheses.empty()) {
      throw input_error("--hypotheses " + hypotheses.string(),
                        "recipe " + run.what.name + " makes no translations",
                        "leave --hypotheses out");
    }
    const std::unique_ptr<dataset> set = load_dataset(run.what, data, test, run.folder);
    require_same_classes(run, data, set->identity().value("classes", json::array()));
    const std::unique_ptr<task> model = set->make_task(run.products, run.seed, 0, {});
    read_parameters_of_run(run.folder, model->parameters());
    const std::optional<test_result> result = model->test(run.folder, keep_going);
    if (!result) throw interrupted();
    return {*result, {}};
  }
  const bool is_written = !hypotheses.empty() && hypotheses != "-";
  if (is_written) require_writable(hypotheses);
  const translator t(run);
  translation_data tested;
  tested.codec = t.codec;
  if (!tested.codec->is_of_prepared_text() && is_prepared(data)) {
    throw input_error(data.string(), "holds prepared text (dict.de.txt and dict.en.txt)",
                      "raw text was expected, as the run was trained on");
  }
  take_test(read_test(data, test), run.what.data.max_sentence_tokens, tested);
  const double start = wall_seconds();
  const std::vector<std::string> lines = t.translated(run, tested.test_sources, keep_going);
  const bleu_score bleu = corpus_bleu(lines, tested.test_references);
  if (is_written) write_lines_durably(hypotheses, lines);
  return {
      {"bleu", bleu.score, bleu_signature(), {{"test", tested.test_name}}, wall_seconds() - start},
      lines};
}

std::vector<std::string> translate_lines(const trained_run& run,
                                         const std::vector<std::string>& lines,
                                         const go_on& keep_going) {
  if (run.what.kind != recipe::task::translation) {
    throw input_error(run.folder.string(), "is a run of recipe " + run.what.name,
                      "a run of a translation recipe was expected");
  }
  require_memory_to_use(run.what);
  const translator t(run);
  require_known_source(*t.codec, lines, "the sentences to translate");
  return t.translated(
      run, encode_sources(*t.codec, lines, "standard input", run.what.data.max_sentence_tokens),
      keep_going);
}

}  // namespace pamkit::training
