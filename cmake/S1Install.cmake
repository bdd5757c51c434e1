# make install: bin/s1mpletrader, lib/s1mpletrader/{plugins,libduckdb.so}, include/s1mple,
# share/s1mpletrader/config; for plugin authors lib/libs1mple_test.so, pkg-config files and a CMake
# package.
set(s1_private_lib "${CMAKE_INSTALL_LIBDIR}/s1mpletrader")
if(TARGET s1mpletrader)
  install(TARGETS s1mpletrader RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
if(s1_plugin_targets)
  install(DIRECTORY "${PROJECT_BINARY_DIR}/plugins/" DESTINATION "${s1_private_lib}/plugins"
    FILES_MATCHING PATTERN "*.so" PATTERN "manifest.yaml" PATTERN "README.md")
endif()
if(TARGET s1_duckdb_library)
  install(PROGRAMS "${PROJECT_BINARY_DIR}/lib/libduckdb.so" DESTINATION "${s1_private_lib}")
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/s1mple" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.h")
if(TARGET s1mple_test) # the harness for plugin authors' tests
  install(TARGETS s1mple_test LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endif()
if(EXISTS "${PROJECT_SOURCE_DIR}/config")
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/config" DESTINATION "${CMAKE_INSTALL_DATADIR}/s1mpletrader")
endif()
if(TARGET s1mpletrader) # what the shells complete with, printed by the program itself
  set(s1_completions)
  foreach(shell_place bash=bash-completion/completions/s1mpletrader
      zsh=zsh/site-functions/_s1mpletrader fish=fish/vendor_completions.d/s1mpletrader.fish)
    string(REGEX REPLACE "=.*" "" shell "${shell_place}")
    string(REGEX REPLACE ".*=" "" place "${shell_place}")
    set(script "${PROJECT_BINARY_DIR}/generated/completion.${shell}")
    add_custom_command(OUTPUT "${script}" DEPENDS s1mpletrader COMMENT ""
      COMMAND s1mpletrader completion ${shell} > "${script}" VERBATIM)
    list(APPEND s1_completions "${script}")
    get_filename_component(folder "${place}" DIRECTORY)
    get_filename_component(name "${place}" NAME)
    install(FILES "${script}" DESTINATION "${CMAKE_INSTALL_DATADIR}/${folder}" RENAME "${name}")
  endforeach()
  add_custom_target(s1_completion ALL DEPENDS ${s1_completions})
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs/" DESTINATION "${CMAKE_INSTALL_DOCDIR}"
  FILES_MATCHING PATTERN "*.md")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" OPTIONAL)

foreach(s1_pc s1mpletrader s1mpletrader-test)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/${s1_pc}.pc.in" "${PROJECT_BINARY_DIR}/${s1_pc}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${s1_pc}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()

include(CMakePackageConfigHelpers)
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/s1mpletrader-config.cmake.in"
  "${PROJECT_BINARY_DIR}/s1mpletrader-config.cmake"
  INSTALL_DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/s1mpletrader"
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/s1mpletrader-config-version.cmake"
  COMPATIBILITY SameMajorVersion)
install(FILES "${PROJECT_BINARY_DIR}/s1mpletrader-config.cmake"
  "${PROJECT_BINARY_DIR}/s1mpletrader-config-version.cmake"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/s1mpletrader")
