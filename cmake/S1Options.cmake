# Compile and link flags, carried by two interface targets: s1_base (code generation, sanitizers,
# include folders) and s1_options (s1_base and the warnings).
#
#   CMAKE_BUILD_TYPE  Debug (default), Release, Cover
#   S1_SANITIZE       "" | address | thread | fuzzer   (address includes undefined)
#   S1_WERROR         warnings are errors (default ON; OFF for source releases)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # gnu17: __int128 through __extension__
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Debug CACHE STRING "Debug, Release or Cover" FORCE)
endif()
set(CMAKE_C_FLAGS_DEBUG "-O1 -g -DS1_DEBUG=1")
set(CMAKE_C_FLAGS_RELEASE "-O3 -g") # S1_ASSERT stays on: no NDEBUG
set(CMAKE_C_FLAGS_COVER "-O0 -g -DS1_DEBUG=1")

set(S1_SANITIZE "" CACHE STRING "empty, address, thread or fuzzer")
option(S1_WERROR "warnings are errors" ON)
option(S1_LTO "link-time optimisation" OFF)

find_program(S1_CCACHE ccache)
if(S1_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${S1_CCACHE}")
endif()

add_library(s1_base INTERFACE)
add_library(s1_options INTERFACE)
target_link_libraries(s1_options INTERFACE s1_base)
target_include_directories(s1_base INTERFACE
  "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/include" "${PROJECT_BINARY_DIR}/generated")

# Warnings of STYLE section 4. ISO C's limit of 4095 bytes per string literal is no concern of ours.
set(s1_warnings
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wdouble-promotion -Wformat=2
  -Wundef -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla -Wwrite-strings
  -Wcast-qual -Wpointer-arith -Wswitch-enum -Wnull-dereference -Wno-overlength-strings)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  # Values travel in ret_ parameters, written on success only; gcc cannot follow that through S1_TRY
  # and cries maybe. clang's exact -Wuninitialized and the sanitizers stay.
  # A truncated snprintf is an answer it gives, not an accident: every caller looks at the length or
  # means to cut.
  list(APPEND s1_warnings -Wno-format-truncation)
  list(APPEND s1_warnings -Wcast-align=strict -Wimplicit-fallthrough=5 -Wduplicated-cond
    -Wduplicated-branches -Wlogical-op -Wrestrict -Wno-maybe-uninitialized)
else()
  list(APPEND s1_warnings -Wcast-align -Wimplicit-fallthrough)
endif()
if(S1_WERROR)
  list(APPEND s1_warnings -Werror)
endif()

# x86-64-v2 (SSE4.2: CRC32C in hardware) is in every x86-64 machine since 2009. Contraction to FMA is
# off so that results are the same bytes whatever a compiler could fuse.
file(RELATIVE_PATH s1_source_from_build ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR})
set(s1_codegen
  -march=x86-64-v2 -ffp-contract=off -fno-common
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=
  -ffile-prefix-map=${s1_source_from_build}=) # as ccache names it under a base_dir
set(s1_hardening -fstack-protector-strong)
set(s1_link -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)

if(S1_SANITIZE STREQUAL "address")
  set(s1_sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(S1_SANITIZE STREQUAL "thread")
  set(s1_sanitizers -fsanitize=thread -fno-omit-frame-pointer)
elseif(S1_SANITIZE STREQUAL "fuzzer")
  set(s1_sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(s1_base INTERFACE -fsanitize=fuzzer-no-link)
elseif(S1_SANITIZE)
  message(FATAL_ERROR "S1_SANITIZE: found '${S1_SANITIZE}', expected address, thread or fuzzer")
endif()

if(s1_sanitizers)
  # Instrumented code makes gcc's flow warnings guess wrongly; the plain builds keep them.
  target_link_options(s1_base INTERFACE ${s1_sanitizers})
  target_compile_definitions(s1_base INTERFACE S1_SANITIZED=1)
  list(APPEND s1_warnings -Wno-null-dereference)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND s1_warnings -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-restrict
      -Wno-duplicated-branches -Wno-format-truncation)
  endif()
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Cover")
  list(APPEND s1_hardening -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

target_compile_options(s1_base INTERFACE ${s1_codegen} ${s1_hardening} ${s1_sanitizers})
target_compile_options(s1_options INTERFACE ${s1_warnings})
set(s1_plugin_flags ${s1_warnings} ${s1_codegen} ${s1_hardening} ${s1_sanitizers})
if(CMAKE_BUILD_TYPE STREQUAL "Cover") # not for plugins: gcov's own symbols would be exported
  target_compile_options(s1_base INTERFACE --coverage -fprofile-abs-path)
  target_link_options(s1_base INTERFACE --coverage)
endif()
target_link_options(s1_base INTERFACE ${s1_link})
if(S1_LTO)
  target_compile_options(s1_base INTERFACE -flto=auto -fno-fat-lto-objects)
  target_link_options(s1_base INTERFACE -flto=auto)
endif()

# What `s1mpletrader version` tells. No commit, host or time: the same sources give the same bytes.
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/generated/s1_build.h" @ONLY CONTENT
"/* Written by CMake. What this build is. */
#ifndef S1_BUILD_H
#define S1_BUILD_H

#define S1_VERSION       \"@PROJECT_VERSION@\"
#define S1_BUILD_TYPE    \"@CMAKE_BUILD_TYPE@\"
#define S1_COMPILER      \"@CMAKE_C_COMPILER_ID@ @CMAKE_C_COMPILER_VERSION@\"
#define S1_BUILD_SANITIZE \"@S1_SANITIZE@\"

#endif /* S1_BUILD_H */
")
