// The session of a simulation program: one command a line, read from session.txt in the results
// directory. Before `start`: report, seed, input, set. After it: set, run, save.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>
#include <unistd.h>
#include "objects.h"

namespace spikedrift {

struct Session {
    std::string command;
    std::ifstream text;
    std::map<std::string, std::pair<std::vector<int32_t>*, std::vector<int32_t>*>> inputs;
    std::map<std::string, std::vector<double>*> saved;
    double report = 10.0;
    std::chrono::steady_clock::time_point told = std::chrono::steady_clock::now();

    // Files are named as they stand in the results directory: the program has read its own by now.
    explicit Session(const std::string& results) : text(results + "session.txt") {
        if (!text || chdir(results.c_str())) fail("no session.txt in " + results);
    }

    [[noreturn]] static void fail(const std::string& message) {
        std::cerr << message << std::endl;
        std::exit(2);
    }

    // A file of int32 replaces the vector, whatever its size was.
    void load(std::vector<int32_t>& target, const std::string& name) {
        std::ifstream file(name, std::ios::binary | std::ios::ate);
        if (!file) fail("cannot read " + name);
        target.resize(file.tellg() / sizeof(int32_t));
        file.seekg(0);
        file.read(reinterpret_cast<char*>(target.data()), target.size() * sizeof(int32_t));
        if (!file) fail("cannot read " + name);
    }

    void set() {
        std::string name, value;
        text >> name >> value;
        brian::set_variable_by_name(name, value);
    }

    void prepare() {
        while (text >> command && command != "start") {
            if (command == "seed") {
                unsigned long value;
                text >> value;
                for (auto& generator : brian::_random_generators) generator.seed(value++);
            } else if (command == "report") {
                text >> report;
            } else if (command == "input") {
                std::string name, index, step;
                text >> name >> index >> step;
                if (!inputs.count(name)) fail("no input " + name);
                load(*inputs[name].first, index);
                load(*inputs[name].second, step);
            } else if (command == "set") {
                set();
            } else {
                fail("unknown command before start: " + command);
            }
        }
    }

    // In pieces, to tell now and then how far it is (`at TIME`). The start of each is given, so that
    // rounding does not add up over many.
    void run(Network& network, double start, double stop) {
        const double piece = 1.0;
        for (long k = 0; start + k * piece < stop; k++) {
            network.t = start + k * piece;
            network.run(std::min(piece, stop - network.t), NULL, 10.0);
            if (Network::_globally_stopped) fail("interrupted");
            const auto now = std::chrono::steady_clock::now();
            if (std::chrono::duration<double>(now - told).count() < report) continue;
            told = now;
            std::cout << "at " << network.t << std::endl;
        }
    }

    void run(Network& network) {
        while (text >> command) {
            if (command == "run") {
                double start, duration;
                text >> start >> duration;
                run(network, start, start + duration);
            } else if (command == "save") {
                for (auto& item : saved) {
                    std::ofstream file(item.first + ".saved", std::ios::binary | std::ios::app);
                    const std::vector<float> row(item.second->begin(), item.second->end());
                    file.write(reinterpret_cast<const char*>(row.data()),
                               row.size() * sizeof(float));
                    if (!file) fail("cannot write " + item.first + ".saved");
                }
            } else if (command == "set") {
                set();
            } else {
                fail("unknown command: " + command);
            }
        }
    }
};

}  // namespace spikedrift
