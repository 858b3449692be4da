# Writes OUTPUT, the definitions of operation_registry(), arithmetic_registry(), profile_registry() and layer_registry(),
# from the files that are in operation/, arithmetic/, profile/ and layer/. KIND/NAME.cpp must define KIND::NAME; a file
# that does not fails to link, by name.
function(pamkit_write_reference_registry output)
  set(declarations "")
  set(lists "")
  foreach(kind IN ITEMS operation arithmetic profile layer)
    file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${kind}/*.cpp)
    list(SORT files)
    string(APPEND declarations "namespace ${kind} {\n")
    set(members "")
    foreach(file IN LISTS files)
      get_filename_component(name ${file} NAME_WE)
      string(APPEND declarations "extern const ${kind}_definition ${name};\n")
      string(APPEND members "      &${kind}::${name},\n")
    endforeach()
    string(APPEND declarations "}  // namespace ${kind}\n\n")
    string(APPEND lists
"std::span<const ${kind}_definition* const> ${kind}_registry() {
  static constexpr const ${kind}_definition* kAll[] = {
${members}  };
  return kAll;
}

")
  endforeach()
  file(CONFIGURE OUTPUT ${output} @ONLY CONTENT
"// Written at configure time from the files in reference/operation, reference/arithmetic,
// reference/profile and reference/layer.
#include \"layer_definition.hpp\"

namespace pamkit::reference {

@declarations@@lists@}  // namespace pamkit::reference
")
endfunction()
