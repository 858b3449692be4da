#pragma once

#include <filesystem>

#include "pamkit/training/recipe.hpp"

namespace pamkit::training {

/// Data that mean nothing, a few of every kind that recipes read: equal on each call. In a folder
/// that goes with the object.
class made_data {
 public:
  /// Throws input_error where there is no room.
  made_data();
  made_data(const made_data&) = delete;
  made_data& operator=(const made_data&) = delete;
  ~made_data();

  /// What load_dataset takes for this recipe.
  std::filesystem::path folder_for(const recipe& what) const;
  /// A folder for what is made from them.
  std::filesystem::path cache() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace pamkit::training
