// Files that a program reads and writes as a whole; otherwise it ends and says which file failed and
// why. The session uses them, and `compile.py` puts them into the code that Brian2 wrote.
//
// What is called often is not inlined: the compiler would take longer, and no program runs faster.
#pragma once
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <type_traits>
#define SPIKEDRIFT_CALLED __attribute__((noinline))

namespace spikedrift {

// Tells `run.py` with `lost ERRNO NAME`, and says the same in words. ERRNO is 0 if a file is short.
[[noreturn]] SPIKEDRIFT_CALLED inline void lost(const std::string& what, const std::string& name) {
    const int why = errno;
    std::cout << "lost " << why << " " << name << std::endl;
    std::cerr << "cannot " << what << " " << name << ": "
              << (why ? std::strerror(why) : "it is too short") << std::endl;
    std::_Exit(2);  // other open files are of no use now
}

struct InFile : std::ifstream {
    std::string name;

    SPIKEDRIFT_CALLED void open(const std::string& file, std::ios::openmode mode) {
        name = file;
        errno = 0;
        std::ifstream::open(file, mode);
        if (!is_open()) lost("read", name);
    }

    SPIKEDRIFT_CALLED InFile& read(char* target, std::streamsize size) {
        errno = 0;
        std::ifstream::read(target, size);
        if (gcount() != size) lost("read", name);
        return *this;
    }
};

// Closing says how many bytes there should be (`wrote BYTES NAME`); readers of the file compare.
struct OutFile : std::ofstream {
    std::string name;
    std::size_t bytes = 0;

    SPIKEDRIFT_CALLED void open(const std::string& file, std::ios::openmode mode) {
        name = file;
        errno = 0;
        std::ofstream::open(file, mode);
        if (!is_open()) lost("write", name);
    }

    SPIKEDRIFT_CALLED OutFile& write(const char* source, std::streamsize size) {
        std::ofstream::write(source, size);
        if (fail()) lost("write", name);
        bytes += size;
        return *this;
    }

    SPIKEDRIFT_CALLED void close() {
        std::ofstream::close();  // what is still in the buffer is written now
        if (fail()) lost("write", name);
        std::cout << "wrote " << bytes << " " << name << std::endl;
    }

    ~OutFile() {
        if (is_open()) close();
    }
};

// Gives `size` numbers one value, or those of a file that holds as many.
template <class T>
SPIKEDRIFT_CALLED void set(T* numbers, std::size_t size, const std::string& value) {
    if (value[0] == '-' || (value[0] >= '0' && value[0] <= '9')) {
        const bool whole = std::is_integral<T>::value;
        std::fill(numbers, numbers + size, whole ? T(std::atol(value.c_str()))
                                                 : T(std::atof(value.c_str())));
        return;
    }
    InFile file;
    file.open(value, std::ios::binary | std::ios::in | std::ios::ate);
    const std::size_t bytes = file.tellg();
    if (bytes != size * sizeof(T)) {
        std::cerr << "file " << value << " has " << bytes << " bytes, the variable "
                  << size * sizeof(T) << std::endl;
        std::exit(2);
    }
    file.seekg(0, std::ios::beg);
    file.read(reinterpret_cast<char*>(numbers), bytes);
}

}  // namespace spikedrift
