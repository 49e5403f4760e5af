// One triangle that covers the screen, at the far end unless a depth (-1 to 1) is given.
#ifndef AT_DEPTH
#define AT_DEPTH 1.0
#endif
out vec2 v_ndc;

void main() {
    v_ndc = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
    gl_Position = vec4(v_ndc, AT_DEPTH, 1.0);
}
