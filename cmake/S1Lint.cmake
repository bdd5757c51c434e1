# The checks of tools/ as ctests, each beside its own self-test. They read sources, so one build
# (the first one that runs them) is enough: -L lint.
find_program(S1_PYTHON3 NAMES /usr/bin/python3 python3 REQUIRED)

function(s1_lint name)
  s1_register_test(lint.${name} lint ${ARGN})
endfunction()

foreach(tool check_layers check_seams tidy)
  if(EXISTS "${PROJECT_SOURCE_DIR}/tools/${tool}.py")
    string(REGEX REPLACE "^check_" "" short "${tool}")
    s1_lint(${short} ${S1_PYTHON3} tools/${tool}.py)
    s1_lint(${short}_selftest ${S1_PYTHON3} tools/${tool}.py --self-test)
  endif()
endforeach()
