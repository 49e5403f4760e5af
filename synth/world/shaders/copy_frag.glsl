// Start a shadow map with what never moves.
uniform sampler2D u_still;

void main() {
    gl_FragDepth = texelFetch(u_still, ivec2(gl_FragCoord.xy), 0).r;
}
