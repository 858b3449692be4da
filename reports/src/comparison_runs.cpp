#include <fmt/format.h>

#include <algorithm>

#include "comparison_tables.hpp"
#include "pamkit/provenance/sha256.hpp"

/// Which runs are compared with which: what differs in more than arm and seed stands apart, and
/// what is there twice counts once.

namespace pamkit::reports {
namespace {

using settings = std::map<std::string, std::string>;

// What a run does not give contradicts nothing: older programs knew fewer settings.
bool contradict(const settings& a, const settings& b) {
  return std::ranges::any_of(a, [&](const auto& entry) {
    const auto other = b.find(entry.first);
    return other != b.end() && other->second != entry.second;
  });
}

struct group {
  settings known;
  std::vector<training_run*> runs;

  bool has_exact() const {
    return std::ranges::any_of(runs, [](const training_run* run) { return run->arm() == "exact"; });
  }
};

std::vector<group> groups_of(comparison& c, const std::string& recipe) {
  std::vector<group> groups;
  for (training_run& run : c.runs) {
    if (run.recipe != recipe) continue;
    auto it = std::ranges::find_if(
        groups, [&](const group& g) { return !contradict(g.known, run.settings); });
    if (it == groups.end()) it = groups.insert(groups.end(), group());
    it->known.insert(run.settings.begin(), run.settings.end());
    it->runs.push_back(&run);
  }
  return groups;
}

std::string shown(std::string_view key, const std::string& value) {
  constexpr std::size_t kDigits = 12;
  return key.ends_with("sha256") ? value.substr(0, kDigits) : value;
}

std::string_view short_key(std::string_view key) {
  constexpr std::string_view kSettings = "settings.";
  if (key.starts_with(kSettings)) key.remove_prefix(kSettings.size());
  return key;
}

bool is_one_result(const training_run& a, const training_run& b) {
  if (a.status != b.status || a.value != b.value || a.parameters_sha256 != b.parameters_sha256) {
    return false;
  }
  if (!a.parameters_sha256.empty()) return true;
  return a.steps == b.steps && a.valid_loss == b.valid_loss &&
         std::ranges::equal(a.training_losses, b.training_losses,
                            [](const loss_point& x, const loss_point& y) {
                              return x.step == y.step && x.loss == y.loss;
                            });
}

bool is_one_arm_and_seed(const training_run& a, const training_run& b) {
  return a.recipe == b.recipe && a.seed == b.seed && a.arm() == b.arm();
}

std::string where_and_what(const training_run& run) {
  std::string text = run.folder.string();
  if (run.value) text += fmt::format(", value {:.4f}", *run.value);
  if (!run.commit.empty()) text += ", commit " + short_commit(run.commit);
  if (!run.finished_at.empty()) text += ", of " + run.finished_at;
  return text;
}

void drop_copies(comparison& c) {
  std::vector<training_run> kept;
  for (training_run& run : c.runs) {
    const auto same = std::ranges::find_if(kept, [&](const training_run& other) {
      return is_one_arm_and_seed(other, run) && is_one_result(other, run);
    });
    if (same == kept.end()) {
      kept.push_back(std::move(run));
      continue;
    }
    c.hazards.push_back(
        fmt::format("{}: found twice with the same result, in {} and {}: counted once",
                    run_label(run), same->folder.string(), run.folder.string()));
  }
  c.runs = std::move(kept);
}

void supersede(comparison& c) {
  for (std::size_t i = 0; i < c.runs.size(); ++i) {
    for (std::size_t j = i + 1; j < c.runs.size() && enters_means(c.runs[i]); ++j) {
      training_run& a = c.runs[i];
      training_run& b = c.runs[j];
      if (!enters_means(b) || !is_one_arm_and_seed(a, b)) continue;
      // Of equal dates, or none, the one found last.
      training_run& earlier = a.finished_at <= b.finished_at ? a : b;
      const training_run& later = &earlier == &a ? b : a;
      c.hazards.push_back(fmt::format(
          "{}: two different runs, {} and {}: the later counts, the other enters no mean",
          run_label(a), where_and_what(earlier), where_and_what(later)));
      earlier.status = run_status::superseded;
    }
  }
}

// A name that every file system takes, and that leads nowhere else whatever a run's files say. The
// digest keeps apart what would otherwise become one name.
std::string folder_component(const std::string& text) {
  constexpr std::size_t kLongest = 100;
  constexpr std::size_t kDigits = 12;
  const auto is_odd = [](unsigned char c) { return c == '/' || c == '\\' || c < ' ' || c == 0x7f; };
  std::string name = text.substr(0, kLongest);
  std::ranges::replace(name, ' ', '-');
  std::ranges::replace(name, ':', '_');
  std::ranges::replace_if(name, is_odd, '_');
  // "." and "..", and what is hidden.
  if (name.starts_with('.')) name.front() = '_';
  if (name.empty()) name = "unnamed";
  if (text.empty() || text.starts_with('.') || text.size() > kLongest ||
      std::ranges::any_of(text, is_odd)) {
    name += "-" + provenance::sha256_hex(text).substr(0, kDigits);
  }
  return name;
}

}  // namespace

std::string run_label(const training_run& run) {
  return fmt::format("{}{}{}, seed {}", run.recipe, run.recipe.empty() ? "" : " ", run.arm(),
                     run.seed);
}

std::string short_commit(const std::string& commit) {
  constexpr std::size_t kDigits = 10;
  const std::string digits = commit.substr(0, std::min(kDigits, commit.find('-')));
  return is_modified(commit) ? digits + ", modified" : digits;
}

bool is_modified(const std::string& commit) { return commit.ends_with("-modified"); }

void separate_settings(comparison& c) {
  for (const std::string& recipe : recipes_of(c)) {
    std::vector<group> groups = groups_of(c, recipe);
    if (groups.size() < 2) continue;
    const auto base = std::ranges::max_element(
        groups, {}, [](const group& g) { return std::pair(g.has_exact(), g.runs.size()); });
    for (group& g : groups) {
      if (&g == &*base) continue;
      std::string differences;
      std::string explained;
      for (const auto& [key, value] : g.known) {
        const auto usual = base->known.find(key);
        if (usual != base->known.end() && usual->second == value) continue;
        differences += fmt::format("{}{} = {}", differences.empty() ? "" : ", ", short_key(key),
                                   shown(key, value));
        explained += fmt::format(
            "{}{} is {} and not {}", explained.empty() ? "" : ", ", short_key(key),
            shown(key, value),
            usual == base->known.end() ? "said of the others" : shown(key, usual->second));
      }
      std::string runs;
      for (training_run* run : g.runs) {
        runs += fmt::format("{}{}, seed {}", runs.empty() ? "" : "; ", run->arm(), run->seed);
      }
      c.hazards.push_back(fmt::format("{}: not compared with its other runs, because {}: {}",
                                      recipe, explained, runs));
      const std::string own_recipe = fmt::format("{} with {}", recipe, differences);
      for (training_run* run : g.runs) run->recipe = own_recipe;
      c.variants.insert(own_recipe);
    }
  }
}

void count_once(comparison& c) {
  drop_copies(c);
  supersede(c);
}

std::string folder_name(const training_run& run) {
  return folder_component(run.recipe) + "/" + folder_component(run.arm() + "-" + run.seed);
}

}  // namespace pamkit::reports
