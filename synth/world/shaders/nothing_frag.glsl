// An integer target cannot be cleared portably: nothing is drawn over it.
layout(location = 0) out uvec4 out_surface;

void main() {
    out_surface = uvec4(0u);
}
