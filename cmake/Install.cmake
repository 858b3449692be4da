# Installs formats, emulator and the C library as a CMake package: find_package(pamkit), pamkit::emulator, pamkit::format,
# pamkit::c.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

install(TARGETS pamkit_format pamkit_emulator pamkit_strict_fp EXPORT pamkit_targets)
install(TARGETS pamkit_c EXPORT pamkit_targets PUBLIC_HEADER DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
foreach(folder "${PROJECT_SOURCE_DIR}/emulator/format/include/" "${PROJECT_SOURCE_DIR}/emulator/include/"
        "${PROJECT_SOURCE_DIR}/emulator/simd/include/" "${PROJECT_BINARY_DIR}/emulator/generated/")
  install(DIRECTORY "${folder}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp"
    PATTERN "vector_kernel_registry.hpp" EXCLUDE)  # the library's own: it names headers that are not installed
endforeach()
foreach(target pamkit_format pamkit_emulator)
  target_include_directories(${target} INTERFACE "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
endforeach()
set_target_properties(pamkit_format PROPERTIES EXPORT_NAME format)
set_target_properties(pamkit_emulator PROPERTIES EXPORT_NAME emulator)
set_target_properties(pamkit_strict_fp PROPERTIES EXPORT_NAME strict_fp)
set_target_properties(pamkit_c PROPERTIES EXPORT_NAME c)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/pamkit")
install(EXPORT pamkit_targets NAMESPACE pamkit:: FILE pamkit-targets.cmake DESTINATION "${package_dir}")
file(WRITE "${PROJECT_BINARY_DIR}/pamkit-config.cmake"
  "include(CMakeFindDependencyMacro)
find_dependency(hwy)
find_dependency(TBB)
include(\"\${CMAKE_CURRENT_LIST_DIR}/pamkit-targets.cmake\")
")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/pamkit-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/pamkit-config.cmake" "${PROJECT_BINARY_DIR}/pamkit-config-version.cmake"
  DESTINATION "${package_dir}")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
