# The test SDK of plugin authors: libs1mple_test.so, the harness of s1mple/test.h with all of the host
# it needs inside. Only that header's functions are visible, so a plugin it opens sees none of it.
# <build>/sdk/{include,lib} is laid out as an installation is: `plugins test` finds both alike.
file(GLOB s1_sdk_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/sdk/*.c")
add_library(s1mple_test SHARED ${s1_sdk_sources})
target_link_libraries(s1mple_test PRIVATE s1_backend s1_options)
target_include_directories(s1mple_test PRIVATE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/include")
set_target_properties(s1mple_test PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/sdk/lib")
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/sdk")
file(CREATE_LINK "${PROJECT_SOURCE_DIR}/include" "${PROJECT_BINARY_DIR}/sdk/include" SYMBOLIC)
if(TARGET s1mpletrader)
  add_dependencies(s1mpletrader s1mple_test)
endif()
