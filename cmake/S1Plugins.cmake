# Every plugins/<type>_workers/<subtype>/<name>/worker.c, with the sources beside it, becomes
# <build>/plugins/<type>_workers/<subtype>/<name>/<name>.so beside its manifest. It sees the SDK
# headers only and links libc and libm only.
file(GLOB s1_plugin_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/plugins/*_workers/*/*/worker.c")
add_custom_target(plugins)
set(s1_plugin_targets)

foreach(source IN LISTS s1_plugin_sources)
  get_filename_component(folder "${source}" DIRECTORY)
  get_filename_component(name "${folder}" NAME)
  file(RELATIVE_PATH place "${PROJECT_SOURCE_DIR}" "${folder}")
  set(target "plugin_${name}")
  if(TARGET ${target})
    message(FATAL_ERROR "${place}: a plugin named '${name}' stands elsewhere too; names are unique")
  endif()
  file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.c")
  add_library(${target} MODULE ${sources})
  target_compile_options(${target} PRIVATE ${s1_plugin_flags})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/include")
  target_link_options(${target} PRIVATE ${s1_link} ${s1_sanitizers})
  if(NOT s1_sanitizers OR CMAKE_C_COMPILER_ID STREQUAL "GNU") # clang leaves its runtime to the host
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  target_link_libraries(${target} PRIVATE m)
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME "${name}"
    LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/${place}")
  set(copies)
  foreach(file manifest.yaml README.md)
    if(EXISTS "${folder}/${file}")
      set(copy "${PROJECT_BINARY_DIR}/${place}/${file}")
      add_custom_command(OUTPUT "${copy}" DEPENDS "${folder}/${file}" COMMENT "${name}/${file}"
        COMMAND ${CMAKE_COMMAND} -E copy "${folder}/${file}" "${copy}" VERBATIM)
      list(APPEND copies "${copy}")
    endif()
  endforeach()
  add_custom_target(${target}_data ALL DEPENDS ${copies})
  add_dependencies(plugins ${target} ${target}_data)
  list(APPEND s1_plugin_targets ${target})
endforeach()
