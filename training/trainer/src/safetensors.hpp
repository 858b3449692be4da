#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "pamkit/training/parameters.hpp"

namespace pamkit::training {

/// Writes parameters, then buffers, in the safetensors format: the length of a JSON header as 8
/// bytes, the header (type F32, shape and place of each tensor, and `metadata`), the values. Throws
/// input_error.
void write_safetensors(const std::filesystem::path& path, const parameter_list& parameters,
                       const std::map<std::string, std::string>& metadata);

/// Reads values for all parameters and buffers, by name. Throws input_error where the file is not
/// whole, or lacks a tensor or has one of another shape or type.
void read_safetensors(const std::filesystem::path& path, const parameter_list& parameters);

/// The same of a run's folder, where it must also be what the run's summary.json says of the
/// parameters: values that were damaged have the right shapes still. Runs without it are older.
void read_parameters_of_run(const std::filesystem::path& folder, const parameter_list& parameters);

}  // namespace pamkit::training
