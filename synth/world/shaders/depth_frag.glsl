#ifdef ALPHA_TEST
in vec2 v_uv;
uniform sampler2D u_albedo;
#endif

void main() {
#ifdef ALPHA_TEST
    if (texture(u_albedo, v_uv).a < 0.5) discard;
#endif
}
