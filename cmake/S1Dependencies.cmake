# Third-party code. Debian packages through pkg-config; DuckDB's header and library from .deps,
# where tools/setup.sh puts them. DuckDB is opened with dlopen at first use and never linked.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

function(s1_pkg alias module package)
  pkg_check_modules(${alias} QUIET IMPORTED_TARGET ${module})
  if(NOT ${alias}_FOUND)
    message(FATAL_ERROR "library '${module}' not found: run 'make setup' (Debian package ${package})")
  endif()
  add_library(S1::${alias} ALIAS PkgConfig::${alias})
endfunction()

s1_pkg(json jansson libjansson-dev)
s1_pkg(crypto libcrypto libssl-dev)
s1_pkg(yaml libfyaml libfyaml-dev)
s1_pkg(sqlite sqlite3 libsqlite3-dev)
s1_pkg(zlib zlib zlib1g-dev)
s1_pkg(zip libzip libzip-dev)
pkg_check_modules(curl_header QUIET libcurl) # opened with dlopen, never linked: its header only
if(NOT curl_header_FOUND)
  message(FATAL_ERROR "library 'libcurl' not found: run 'make setup' (Debian package libcurl4-openssl-dev)")
endif()
pkg_check_modules(lws_header QUIET libwebsockets) # the same
if(NOT lws_header_FOUND)
  message(FATAL_ERROR "library 'libwebsockets' not found: run 'make setup' (Debian package libwebsockets-dev)")
endif()
pkg_check_modules(cmocka QUIET IMPORTED_TARGET cmocka)

set(S1_DUCKDB_DIR "${PROJECT_SOURCE_DIR}/.deps/duckdb" CACHE PATH "include/duckdb.h and lib/libduckdb.so")
add_library(s1_duckdb_header INTERFACE)
add_library(S1::duckdb_header ALIAS s1_duckdb_header)
target_include_directories(s1_duckdb_header SYSTEM INTERFACE "${S1_DUCKDB_DIR}/include")
if(NOT EXISTS "${S1_DUCKDB_DIR}/include/duckdb.h")
  message(WARNING "${S1_DUCKDB_DIR}/include/duckdb.h not found: run 'make setup'")
endif()

# Puts libduckdb.so at <build>/lib, as a hard link where the file system allows.
function(s1_place_duckdb)
  set(from "${S1_DUCKDB_DIR}/lib/libduckdb.so")
  if(EXISTS "${from}")
    file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
    set(to "${PROJECT_BINARY_DIR}/lib/libduckdb.so")
    add_custom_command(OUTPUT "${to}" DEPENDS "${from}" COMMENT "libduckdb.so"
      COMMAND sh -c "ln -f '${from}' '${to}' 2>/dev/null || cp -f '${from}' '${to}'" VERBATIM)
    add_custom_target(s1_duckdb_library ALL DEPENDS "${to}")
  endif()
endfunction()
