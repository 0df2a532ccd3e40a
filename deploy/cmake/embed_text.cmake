# SPDX-License-Identifier: BSD-2-Clause
# embed_text.cmake: cmake -DDIR=DIR -DOUT=FILE.c -P embed_text.cmake
# DIR/mailhaul.SHELL as the table that collector/cli/complete.h declares.
cmake_minimum_required(VERSION 3.25)
set(rows "")
foreach(shell bash zsh fish)
  file(READ ${DIR}/mailhaul.${shell} text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "\n" "\\n\"\n\t\"" text "${text}")
  string(APPEND rows "\t{\"${shell}\",\n\t\"${text}\"},\n")
endforeach()
file(WRITE ${OUT}.tmp "/* Made by deploy/cmake/embed_text.cmake. */\n"
  "#include \"complete.h\"\n\n"
  "const struct completion_script completion_scripts[] = {\n"
  "${rows}\t{NULL, NULL},\n};\n")
file(RENAME ${OUT}.tmp ${OUT})
