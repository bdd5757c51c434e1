# The default configuration tree (config/) as bytes in the library, for `s1mpletrader init`.
# Included by the top CMakeLists.txt after the layers.
file(GLOB_RECURSE s1_default_tree CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/config/*.yaml")
set(s1_default_tree_source "${PROJECT_BINARY_DIR}/generated/default_tree_files.c")
add_custom_command(OUTPUT "${s1_default_tree_source}"
  COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR}/config -DOUT=${s1_default_tree_source}
          -P "${PROJECT_SOURCE_DIR}/backend/config/embed_script.cmake"
  DEPENDS ${s1_default_tree} "${PROJECT_SOURCE_DIR}/backend/config/embed_script.cmake"
  COMMENT "" VERBATIM)
target_sources(s1_backend PRIVATE "${s1_default_tree_source}")
