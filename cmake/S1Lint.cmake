# The checks of tools/ as ctests, each beside its own self-test. They read sources, so one build
# (the first one that runs them) is enough: -L lint.
find_program(S1_PYTHON3 NAMES /usr/bin/python3 python3 REQUIRED)

function(s1_lint name)
  s1_register_test(lint.${name} lint ${ARGN})
endfunction()

s1_lint(layers ${S1_PYTHON3} tools/check_layers.py)
s1_lint(layers_selftest ${S1_PYTHON3} tools/check_layers.py --self-test)
s1_lint(seams ${S1_PYTHON3} tools/check_seams.py)
s1_lint(seams_selftest ${S1_PYTHON3} tools/check_seams.py --self-test)
s1_lint(tidy ${S1_PYTHON3} tools/tidy.py)
s1_lint(tidy_selftest ${S1_PYTHON3} tools/tidy.py --self-test)
s1_lint(headers tools/check_headers.sh)
s1_lint(headers_selftest tools/check_headers.sh --self-test)
s1_lint(plugin_selftest tools/check_plugin.sh --self-test)
s1_lint(locks ${S1_PYTHON3} tools/check_locks.py)
s1_lint(locks_selftest ${S1_PYTHON3} tools/check_locks.py --self-test)
if(s1_plugin_targets AND NOT s1_sanitizers AND NOT CMAKE_BUILD_TYPE STREQUAL "Cover")
  s1_lint(plugins tools/check_plugin.sh --all "${PROJECT_BINARY_DIR}/plugins")
endif()
