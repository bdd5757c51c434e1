# cmake -DROOT=<folder> -DOUT=<file.c> -DTYPE=<t> -DTABLE=<name> -DHEADER=<h> -DPATTERN=<*.x>
#       -P embed_script.cmake: every file of that name under ROOT as a row {name, bytes, length} of TABLE.
file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/${PATTERN}")
list(SORT files)
set(text "/* Written by backend/config/embed_script.cmake. */\n")
string(APPEND text "#include \"${HEADER}\"\n\n")
set(table "")
set(number 0)
foreach(file IN LISTS files)
  file(READ "${ROOT}/${file}" bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "(................................................................................)"
    "\\1\n" bytes "${bytes}")
  string(APPEND text "static const unsigned char file_${number}[] = {\n${bytes}0};\n")
  string(APPEND table "    {\"${file}\", file_${number}, sizeof file_${number} - 1},\n")
  math(EXPR number "${number} + 1")
endforeach()
string(APPEND text "\nconst ${TYPE} ${TABLE}[] = {\n${table}    {0, 0, 0}};\n")
file(WRITE "${OUT}" "${text}")
