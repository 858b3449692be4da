# A toolchain for the processor of PAMKIT_CROSS_COMPILER, with the libraries of PAMKIT_SYSROOT (sysroot.sh).
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES PAMKIT_CROSS_COMPILER PAMKIT_SYSROOT)
execute_process(COMMAND "${PAMKIT_CROSS_COMPILER}" -dumpmachine OUTPUT_VARIABLE machine
  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE "-.*" "" processor "${machine}")
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR "${processor}")
set(CMAKE_CXX_COMPILER "${PAMKIT_CROSS_COMPILER}")
set(CMAKE_LIBRARY_ARCHITECTURE "${machine}")
set(CMAKE_FIND_ROOT_PATH "${PAMKIT_SYSROOT}/root")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_PREFIX_PATH "${PAMKIT_SYSROOT}/root/usr")
set(CMAKE_CXX_STANDARD_INCLUDE_DIRECTORIES "${PAMKIT_SYSROOT}/root/usr/include/${machine}")
# Shared libraries that only other libraries need.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,-rpath-link,${PAMKIT_SYSROOT}/root/usr/lib/${machine}")
