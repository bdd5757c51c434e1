# Files as bytes in the libraries: the default configuration tree (config/, its feeds too) for
# `s1mpletrader init`, the texts of people's languages (locales/). Included by the top CMakeLists.txt
# after the layers. A last argument names other files than *.yaml.
function(s1_embed layer folder type table header)
  set(pattern ${ARGN})
  if(NOT pattern)
    set(pattern "*.yaml")
  endif()
  file(GLOB_RECURSE files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/${pattern}")
  set(source "${PROJECT_BINARY_DIR}/generated/${table}.c")
  set(script "${PROJECT_SOURCE_DIR}/backend/config/embed_script.cmake")
  add_custom_command(OUTPUT "${source}"
    COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR}/${folder} -DOUT=${source} -DTYPE=${type}
            -DTABLE=${table} -DHEADER=${header} -DPATTERN=${pattern} -P "${script}"
    DEPENDS ${files} "${script}" COMMENT "" VERBATIM)
  target_sources(${layer} PRIVATE "${source}")
endfunction()
s1_embed(s1_backend config s1_default_file s1_default_files backend/config/default_tree.h "*.*")
s1_embed(s1_utils locales s1_locale_file s1_locale_files backend/utils/locale.h)
