# Writes files into the program, byte by byte: cmake -DOUTPUT=embedded.cpp -DFILES=a;b -P embed.cmake
set(arrays "")
set(rows "")
set(number 0)
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
  # The closing zero is not part of the text; it keeps an empty file a legal array.
  string(APPEND arrays "constexpr char file_${number}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${name}\", {file_${number}, sizeof file_${number} - 1}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"gateway/embedded.hpp\"

#include <array>

namespace assent::gateway {
namespace {

${arrays}
constexpr std::array<EmbeddedFile, ${number}> files{{
${rows}}};

}  // namespace

std::span<const EmbeddedFile> embedded_files() { return files; }

}  // namespace assent::gateway
")
