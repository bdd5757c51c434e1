# The few functions the build is written in.

# s1_add_layer(NAME FOLDERS f... [EXCLUDE f...] LINK lib...): one static library of a layer's .c
# files. A layer without sources yet is an empty library, so that the links below it always hold.
function(s1_add_layer name)
  cmake_parse_arguments(arg "" "" "FOLDERS;EXCLUDE;LINK" ${ARGN})
  set(sources)
  foreach(folder IN LISTS arg_FOLDERS)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.c")
    list(APPEND sources ${found})
  endforeach()
  foreach(excluded IN LISTS arg_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "^${PROJECT_SOURCE_DIR}/${excluded}(/|$)")
  endforeach()
  if(NOT sources)
    set(sources "${PROJECT_BINARY_DIR}/generated/${name}_empty.c")
    file(CONFIGURE OUTPUT "${sources}" CONTENT "typedef int ${name}_has_no_sources_yet;\n")
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC ${arg_LINK} PRIVATE s1_options)
  target_include_directories(${name} PUBLIC "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/include")
endfunction()

# The host offers plugins host tables, not symbols: nothing of it is visible to dlopen'ed code.
function(s1_forbid_exports target)
  target_link_options(${target} PRIVATE -Wl,--no-export-dynamic)
endfunction()

# "tests/backend/utils/arena_test.c" -> "backend_utils_arena"
function(s1_target_name source ret)
  file(RELATIVE_PATH name "${PROJECT_SOURCE_DIR}" "${source}")
  string(REGEX REPLACE "\\.[a-z]+$" "" name "${name}")
  string(REGEX REPLACE "^tests/" "" name "${name}")
  string(REPLACE "/" "_" name "${name}")
  set(${ret} "${name}" PARENT_SCOPE)
endfunction()

set(s1_test_environment
  "S1_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
  "S1_BUILD_DIR=${PROJECT_BINARY_DIR}"
  "S1_TEST_TMP=${PROJECT_BINARY_DIR}/test-tmp"
  "ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1"
  "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/lsan.supp:print_suppressions=0"
  "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
  "TSAN_OPTIONS=ignore_noninstrumented_modules=1:halt_on_error=1")
if(DEFINED ENV{S1_SHARED})
  list(APPEND s1_test_environment "S1_SHARED=$ENV{S1_SHARED}")
else()
  get_filename_component(s1_shared "${PROJECT_SOURCE_DIR}/../shared" ABSOLUTE)
  list(APPEND s1_test_environment "S1_SHARED=${s1_shared}")
endif()
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/test-tmp")

# s1_register_test(NAME LABEL command...): a ctest with our environment and time limit.
function(s1_register_test name label)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS ${label}
    ENVIRONMENT "${s1_test_environment}")
endfunction()
