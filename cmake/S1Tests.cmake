# Tests, fuzz targets and benches, found by name:
#   tests/**/*_test.c, plugins/**/tests/*_test.c   one executable and one ctest each
#   tests/**/*_test.sh, tests/**/*_test.py         one ctest each (exit code decides)
#   tests/fuzz/<name>_fuzz.c                       libFuzzer with S1_SANITIZE=fuzzer, else a replay
#   bench/*.c, tools/*.c                           built by the targets bench-bin and tools-bin
set(s1_all_layers s1_frontend_cli s1_services s1_sdk s1_backend s1_utils)

# cmocka's macros cast; tests convert freely. The same flags otherwise.
set(s1_test_flags ${s1_warnings})
list(REMOVE_ITEM s1_test_flags -Wconversion -Wsign-conversion -Wcast-qual -Wnull-dereference
  -Wdouble-promotion -Wmissing-prototypes)
add_library(s1_test_options INTERFACE)
target_link_libraries(s1_test_options INTERFACE s1_base)
target_compile_options(s1_test_options INTERFACE ${s1_test_flags})

if(cmocka_FOUND)
  file(GLOB_RECURSE s1_support_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/support/*.c")
  # Preloaded into other processes, and free of sanitizers: no part of the library.
  list(FILTER s1_support_sources EXCLUDE REGEX "/tests/support/shim/")
  set(s1_support)
  if(s1_support_sources)
    add_library(s1_test_support STATIC ${s1_support_sources})
    target_link_libraries(s1_test_support PUBLIC ${s1_all_layers} s1_simulators PkgConfig::cmocka PRIVATE s1_test_options)
    set(s1_support s1_test_support)
  endif()

  file(GLOB_RECURSE s1_tests CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/*_test.c")
  file(GLOB s1_plugin_tests CONFIGURE_DEPENDS
    "${PROJECT_SOURCE_DIR}/plugins/*_workers/*/*/tests/*_test.c")
  foreach(source IN LISTS s1_tests s1_plugin_tests)
    s1_target_name("${source}" name)
    if(source IN_LIST s1_plugin_tests)
      # plugins/context_workers/trend/ema/tests/ema_test.c -> plugin_ema_ema_test
      string(REGEX REPLACE "^.*/([^/]+)/tests/([^/]+)\\.c$" "plugin_\\1_\\2" name "${source}")
    endif()
    string(REGEX REPLACE "_test$" "" name "${name}")
    add_executable(t_${name} "${source}")
    target_link_libraries(t_${name} PRIVATE ${s1_support} ${s1_all_layers} PkgConfig::cmocka s1_test_options)
    set_target_properties(t_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests"
      OUTPUT_NAME "${name}_test")
    s1_register_test(${name} unit $<TARGET_FILE:t_${name}>)
  endforeach()
  add_library(s1_fault_shim MODULE "${PROJECT_SOURCE_DIR}/tests/support/shim/fault_shim.c")
  set_target_properties(s1_fault_shim PROPERTIES PREFIX "" OUTPUT_NAME fault_shim
    LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  target_compile_options(s1_fault_shim PRIVATE -Wall -Wextra -Werror -fvisibility=hidden
    -fno-sanitize=all)
  add_dependencies(t_deep_process s1_fault_shim)
  add_dependencies(t_deep_data_fetch s1mpletrader)
  add_dependencies(t_deep_archive s1_fault_shim)
  foreach(name t_deep_memory t_deep_memory_run t_backend_utils_json_memory)
    target_link_options(${name} PRIVATE
      "LINKER:--wrap=malloc,--wrap=calloc,--wrap=realloc")
  endforeach()
else()
  message(STATUS "cmocka not found: no unit tests in this build ('make test' installs it)")
endif()

file(GLOB_RECURSE s1_scripts CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/tests/*_test.sh" "${PROJECT_SOURCE_DIR}/tests/*_test.py")
set(s1_python "${PROJECT_SOURCE_DIR}/.deps/venv/bin/python")
foreach(script IN LISTS s1_scripts)
  s1_target_name("${script}" name)
  string(REGEX REPLACE "_test$" "" test "${name}")
  if(script MATCHES "\\.py$")
    s1_register_test(${test} script "${s1_python}" "${script}")
  else()
    s1_register_test(${test} script bash "${script}")
  endif()
endforeach()

file(GLOB s1_fuzzers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/fuzz/*_fuzz.c")
foreach(source IN LISTS s1_fuzzers)
  get_filename_component(name "${source}" NAME_WE)
  string(REGEX REPLACE "_fuzz$" "" corpus "${name}")
  add_executable(${name} "${source}")
  target_link_libraries(${name} PRIVATE ${s1_all_layers} s1_test_options)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
  if(S1_SANITIZE STREQUAL "fuzzer")
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests/fuzz/standalone_main.c")
    s1_register_test(fuzz.${corpus} fuzz $<TARGET_FILE:${name}>
      "${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${corpus}")
  endif()
endforeach()

add_custom_target(bench-bin)
file(GLOB s1_benches CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bench/*.c")
foreach(source IN LISTS s1_benches)
  get_filename_component(name "${source}" NAME_WE)
  add_executable(bench_${name} EXCLUDE_FROM_ALL "${source}")
  target_link_libraries(bench_${name} PRIVATE ${s1_all_layers} s1_options)
  set_target_properties(bench_${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bench" OUTPUT_NAME "${name}")
  add_dependencies(bench-bin bench_${name})
endforeach()

# Small programs of the build itself: tools/<name>.c, the target tools-bin.
add_custom_target(tools-bin)
file(GLOB s1_tools CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tools/*.c")
foreach(source IN LISTS s1_tools)
  get_filename_component(name "${source}" NAME_WE)
  add_executable(tool_${name} EXCLUDE_FROM_ALL "${source}")
  target_link_libraries(tool_${name} PRIVATE ${s1_all_layers} s1_options)
  set_target_properties(tool_${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tools" OUTPUT_NAME "${name}")
  add_dependencies(tools-bin tool_${name})
endforeach()

include(S1Lint)
